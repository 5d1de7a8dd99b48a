# SPDX-License-Identifier: MIT
"""Certificates for tests, made by openssl: an authority, a server, and clients good and bad."""
import os
import subprocess


def _openssl(*args):
    subprocess.run(["openssl", *args], check=True, capture_output=True, timeout=60)


class Authority:
    def __init__(self, directory, name="ca"):
        self.directory, self.name = directory, name
        self.certificate, self.key = self._path(".pem"), self._path(".key")
        _openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                 "-subj", f"/CN=test {name}", "-keyout", self.key, "-out", self.certificate)

    def _path(self, suffix):
        return os.path.join(self.directory, self.name + suffix)

    def issue(self, name, purpose="serverAuth", days=1, names="DNS:localhost,IP:127.0.0.1"):
        """(certificate, key) of somebody; days may be negative: it is over."""
        base = os.path.join(self.directory, f"{self.name}-{name}")
        with open(base + ".ext", "w") as f:
            f.write(f"extendedKeyUsage={purpose}\nsubjectAltName={names}\n")
        _openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={name}",
                 "-keyout", base + ".key", "-out", base + ".csr")
        # x509 -days takes no date of the past; a start of long ago with ca(1) would need a database.
        dates = ["-days", str(days)] if days > 0 else ["-not_before", "20200101000000Z", "-not_after", "20200102000000Z"]
        try:
            _openssl("x509", "-req", "-in", base + ".csr", "-CA", self.certificate, "-CAkey", self.key, "-CAcreateserial",
                     "-extfile", base + ".ext", "-out", base + ".pem", *dates)
        except subprocess.CalledProcessError:
            self._issue_dated(base, "200101000000Z", "200102000000Z")
        return base + ".pem", base + ".key"

    def _issue_dated(self, base, start, end):
        """For an openssl before 3.4, whose x509(1) sets no dates."""
        config = base + ".cnf"
        with open(config, "w") as f:
            f.write(f"[ca]\ndefault_ca=d\n[d]\nnew_certs_dir={self.directory}\ndatabase={base}.db\nserial={base}.serial\n"
                    "default_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n")
        open(base + ".db", "w").close()
        with open(base + ".serial", "w") as f:
            f.write("1000\n")
        _openssl("ca", "-batch", "-config", config, "-in", base + ".csr", "-cert", self.certificate, "-keyfile", self.key,
                 "-startdate", start, "-enddate", end, "-extfile", base + ".ext", "-out", base + ".pem", "-notext")
