"""Become nginx or HAProxy in front of a server: plain on one port, ending TLS on another.

    front.py nginx|haproxy FOLDER BACKEND_PORT

The sockets are bound here and handed over, so that the kernel chooses the ports and nobody takes them meanwhile. FOLDER
has tls.pem, the certificates and the key in one file; the configuration, the log and the pid file come to it, and
`ports`, with the plain port and that of TLS.
"""

import os
import sys

import serving


def nginx(folder, backend, plain, tls):
    paths = "".join(
        f"  {name}_temp_path {folder}/{name};\n" for name in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    )
    configuration = f"""\
daemon off;
worker_processes 1;
pid {folder}/pid;
error_log {folder}/log warn;
events {{ worker_connections 1024; }}
http {{
  access_log off;
{paths}\
  server {{
    listen 127.0.0.1:{plain.getsockname()[1]};
    listen 127.0.0.1:{tls.getsockname()[1]} ssl;
    ssl_certificate {folder}/tls.pem;
    ssl_certificate_key {folder}/tls.pem;
    location / {{
      proxy_pass http://127.0.0.1:{backend};
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection upgrade;
    }}
  }}
}}
"""
    # As at an upgrade of its own binary: these sockets are those of the `listen` lines.
    os.environ["NGINX"] = f"{plain.fileno()};{tls.fileno()};"
    return configuration, ["nginx", "-e", f"{folder}/log", "-c", f"{folder}/configuration"]


def haproxy(folder, backend, plain, tls):
    configuration = f"""\
global
  maxconn 1000
  pidfile {folder}/pid
defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
  timeout tunnel 60s
listen front
  bind fd@{plain.fileno()}
  bind fd@{tls.fileno()} ssl crt {folder}/tls.pem
  server backend 127.0.0.1:{backend}
"""
    return configuration, ["haproxy", "-db", "-f", f"{folder}/configuration"]


def main(name, folder, backend):
    plain, tls = serving.listener(), serving.listener()
    configuration, command = {"nginx": nginx, "haproxy": haproxy}[name](folder, backend, plain, tls)
    with open(f"{folder}/configuration", "w") as file:
        file.write(configuration)
    for listening in [plain, tls]:
        os.set_inheritable(listening.fileno(), True)
    serving.announce(f"{plain.getsockname()[1]} {tls.getsockname()[1]}", f"{folder}/ports")
    # Debian keeps both where only root's PATH looks.
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(*sys.argv[1:])
