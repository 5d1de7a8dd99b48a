/* SPDX-License-Identifier: MIT */
[0004]                          Signature : "SLIT"
[0004]                       Table Length : 00000000
[0001]                           Revision : 01
[0001]                           Checksum : 00
[0006]                             Oem ID : "NUMAD "
[0008]                       Oem Table ID : "SLIT    "
[0004]                       Oem Revision : 00000001
[0004]                    Asl Compiler ID : "INTL"
[0004]              Asl Compiler Revision : 20200925

[0008]                         Localities : 0000000000000003
[0003]                       Locality   0 : 0A 15 1F
[0003]                       Locality   1 : 15 0A 29
[0003]                       Locality   2 : 20 2A 0A
