-- SPDX-License-Identifier: MIT
-- What wrk has measured, as one line of JSON.
done = function(summary, latency, requests)
        local e = summary.errors
        print(string.format('{"requests": %d, "seconds": %.6f, "p50": %.9f, "p99": %.9f, "bytes": %d, "errors": %d}', summary.requests,
                summary.duration / 1e6, latency:percentile(50) / 1e6, latency:percentile(99) / 1e6,
                summary.bytes, e.connect + e.read + e.write + e.status + e.timeout))
end
