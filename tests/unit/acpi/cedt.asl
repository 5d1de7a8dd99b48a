/*
 * SPDX-License-Identifier: MIT
 *
 * iasl 20200925 does not know the CEDT; it compiles the generic form.
 */
[0004]                          Signature : "CEDT"
[0004]                       Table Length : 00000000
[0001]                           Revision : 01
[0001]                           Checksum : 00
[0006]                             Oem ID : "NUMAD "
[0008]                       Oem Table ID : "CEDT    "
[0004]                       Oem Revision : 00000001
[0004]                    Asl Compiler ID : "INTL"
[0004]              Asl Compiler Revision : 20200925

/* CXL host bridge structure */
UINT8 : 00
UINT8 : 00
UINT16 : 0020
UINT32 : 00000007
UINT32 : 00000001
UINT32 : 00000000
UINT64 : 0000000FE0000000
UINT64 : 0000000000010000

/* Fixed memory window, 2 ways, granularity 1 KiB */
UINT8 : 01
UINT8 : 00
UINT16 : 002C
UINT32 : 00000000
UINT64 : 0000000400000000
UINT64 : 0000000100000000
UINT8 : 01
UINT8 : 00
UINT16 : 0000
UINT32 : 00000002
UINT16 : 000E
UINT16 : 0003
UINT32 : 00000007
UINT32 : 00000008

/* Fixed memory window, 3 ways (code 8) */
UINT8 : 01
UINT8 : 00
UINT16 : 0030
UINT32 : 00000000
UINT64 : 0000000800000000
UINT64 : 0000000080000000
UINT8 : 08
UINT8 : 01
UINT16 : 0000
UINT32 : 00000000
UINT16 : 0006
UINT16 : 0000
UINT32 : 00000007
UINT32 : 00000008
UINT32 : 00000009

/* XOR interleave math: a type that the decoder skips */
UINT8 : 02
UINT8 : 00
UINT16 : 0010
UINT32 : 00010000
UINT64 : 0000000000000040
