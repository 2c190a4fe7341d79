// nginx with ModSecurity 3 and the Core Rule Set as Debian ships them, one worker, on the same requests.

import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const modulePath = '/usr/lib/nginx/modules/ngx_http_modsecurity_module.so'
const crsLoader = '/usr/share/modsecurity-crs/owasp-crs.load'

/** Why nginx with ModSecurity can't be measured here, or undefined when it can. */
export function missingNginx(): string | undefined {
  const missing = ['/usr/sbin/nginx', modulePath, crsLoader].filter(path => !existsSync(path))
  return missing.length === 0 ? undefined : 'apt install nginx libnginx-mod-http-modsecurity modsecurity-crs'
}

/** Writes a configuration and returns its path. */
export function writeNginxConfig(folder: string, port: number, backendPort: number, withModSecurity: boolean): string {
  mkdirSync(folder, { recursive: true })
  const rules = join(folder, 'modsecurity.conf')
  const include = (path: string) => (existsSync(path) ? `Include ${path}` : '')
  writeFileSync(
    rules,
    [
      'SecRuleEngine On',
      'SecRequestBodyAccess On',
      'SecResponseBodyAccess Off',
      'SecAuditEngine Off',
      'SecRule REQUEST_HEADERS:Content-Type "^application/json" "id:200001,phase:1,t:none,t:lowercase,pass,nolog,ctl:requestBodyProcessor=JSON"',
      include('/etc/modsecurity/crs/crs-setup.conf'),
      'Include /usr/share/modsecurity-crs/rules/*.conf',
    ].join('\n'),
  )
  const config = join(folder, 'nginx.conf')
  writeFileSync(
    config,
    `${withModSecurity ? `load_module ${modulePath};` : ''}
daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log crit;
events { worker_connections 1024; }
http {
  access_log off;
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
  upstream backend { server 127.0.0.1:${backendPort}; keepalive 128; keepalive_requests 1000000; }
  server {
    listen 127.0.0.1:${port};
    keepalive_requests 1000000;
    ${withModSecurity ? `modsecurity on; modsecurity_rules_file ${rules};` : ''}
    location / { proxy_pass http://backend; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host; }
  }
}
`,
  )
  return config
}
