/* SPDX-License-Identifier: MIT */
/* By which name the machine is asked: let in or not, and counted. */
#include "gate.h"
#include "request.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static char own[] = "telemetry.example";
        static char *hosts[] = { own };
        static struct gate *gate;
        char *host = strndup((const char *)data, size);
        struct gate_request request = { .host = host };
        uint64_t refused;
        enum gate_refusal refusal;

        if (!gate) {
                gate = gate_new();
                gate_set_hosts(gate, gate_copy_hosts(hosts, 1));
        }
        if (!host)
                return 0;
        host_is_valid(host);
        refused = gate_count(gate, GATE_HOST);
        refusal = gate_check(gate, &request, 0);
        if ((refusal != GATE_OPEN && refusal != GATE_HOST) ||
            gate_count(gate, GATE_HOST) != refused + (refusal == GATE_HOST))
                abort();
        free(host);
        return 0;
}
