// Holes that reach files and hosts which the client should not: traversal, uploads, server-side requests.

import { ask, get, type Hole, uploadOf } from './hole.ts'

const paths: readonly Hole[] = [
  {
    name: 'traversal to the list of users',
    kind: 'lfi',
    stoppedBy: 'waf',
    attack: get('/files?name=../../../etc/passwd'),
    proves: /root:x:0:0/,
    benign: get('/files?name=care.txt'),
  },
  {
    name: 'traversal, encoded',
    kind: 'lfi',
    stoppedBy: 'waf',
    attack: get('/files?name=%2e%2e%2f%2e%2e%2f%2e%2e%2froot%2f.ssh%2fid_rsa'),
    proves: /BEGIN OPENSSH PRIVATE KEY/,
    benign: get('/files?name=returns%2Etxt'),
  },
  {
    name: 'traversal, encoded twice',
    kind: 'lfi',
    stoppedBy: 'waf',
    attack: get('/files?name=..%252f..%252f..%252fproc%252fself%252fenviron'),
    proves: /DB_PASSWORD=/,
    benign: get('/files?name=size-chart.txt'),
  },
  {
    name: 'an absolute path',
    kind: 'lfi',
    stoppedBy: 'waf',
    attack: get('/files?name=/etc/passwd'),
    proves: /root:x:0:0/,
    benign: get('/files?name=size-chart%2etxt'),
  },
  {
    name: 'a hidden file of the shop',
    kind: 'lfi',
    stoppedBy: 'waf',
    attack: get('/files?name=..%2f.env'),
    proves: /SHOP_SECRET=/,
    benign: get('/files?name=care.txt'),
  },
]

const uploads: readonly Hole[] = [
  {
    name: 'a web shell',
    kind: 'upload',
    stoppedBy: 'waf',
    attack: uploadOf('cmd.php', 'image/png', '<?php system($_GET["c"]); ?>'),
    proof: get('/uploads/cmd.php?c=id'),
    proves: /uid=33\(www-data\)/,
    benign: uploadOf('boots.png', 'image/png', '\x7fPNG-like bytes of a picture of boots'),
  },
  {
    name: 'an upload that lands elsewhere',
    kind: 'upload',
    stoppedBy: 'waf',
    attack: uploadOf('../../config/settings.json', 'application/json', '{"adminToken":"owned"}'),
    proof: get('/files?name=../config/settings.json'),
    proves: /"adminToken":"owned"/,
    benign: uploadOf('settings.json', 'application/json', '{"size":"L","colour":"moss"}'),
  },
]

const hosts: readonly Hole[] = [
  {
    name: 'the cloud metadata service',
    kind: 'ssrf',
    stoppedBy: 'waf',
    attack: ask('/fetch', 'url', 'http://169.254.169.254/latest/meta-data/iam/security-credentials/postern-shop-role'),
    proves: /SecretAccessKey/,
    benign: ask('/fetch', 'url', 'http://feeds.supplier.example/prices.json'),
  },
  {
    name: 'the cloud metadata service, its address as a number',
    kind: 'ssrf',
    stoppedBy: 'waf',
    attack: ask('/fetch', 'url', 'http://2852039166/latest/meta-data/'),
    proves: /iam\//,
    benign: ask('/fetch', 'url', 'https://feeds.supplier.example/prices.json?since=20260801'),
  },
  {
    name: 'the cloud metadata service by its name',
    kind: 'ssrf',
    stoppedBy: 'waf',
    attack: ask(
      '/fetch',
      'url',
      'http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/token',
    ),
    proves: /demo-metadata-token/,
    benign: ask('/fetch', 'url', 'http://cdn.supplier.example/feed.xml'),
  },
  {
    name: 'a page for insiders on loopback',
    kind: 'ssrf',
    stoppedBy: 'waf',
    attack: ask('/fetch', 'url', 'http://127.0.0.1/server-status'),
    proves: /internal status page/,
    benign: ask('/fetch', 'url', 'http://cdn.supplier.example/prices.json'),
  },
  {
    name: 'a page for insiders, loopback as IPv6',
    kind: 'ssrf',
    stoppedBy: 'waf',
    attack: ask('/fetch', 'url', 'http://[::1]/server-status'),
    proves: /internal status page/,
    benign: ask('/fetch', 'url', 'http://feeds.supplier.example/feed.xml'),
  },
  {
    name: 'a file by its URL',
    kind: 'ssrf',
    stoppedBy: 'waf',
    attack: ask('/fetch', 'url', 'file:///etc/passwd'),
    proves: /root:x:0:0/,
    benign: ask('/fetch', 'url', 'http://feeds.supplier.example/prices.json#today'),
  },
]

export const fileHoles: readonly Hole[] = [...paths, ...uploads, ...hosts]
