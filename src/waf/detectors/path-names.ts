// Places in file systems that an API has no business with, written in lower case with slashes. An entry that ends in a
// slash stands for everything below.

/** Wherever they stand in a path: nobody asks for them but to read them. */
export const secretFiles: readonly string[] = [
  ...['etc/passwd', 'etc/shadow', 'etc/group', 'etc/hosts', 'etc/issue', 'etc/sudoers', 'etc/crontab', 'etc/fstab'],
  ...['etc/resolv.conf', 'etc/hostname', 'etc/motd', 'etc/environment', 'etc/ssh/', 'etc/ssl/private', 'etc/my.cnf'],
  ...['etc/mysql/', 'etc/nginx/', 'etc/apache2/', 'etc/apache/', 'etc/httpd/', 'etc/php', 'etc/profile', 'etc/bashrc'],
  ...[
    'etc/security/',
    'etc/os-release',
    'etc/lsb-release',
    'etc/redhat-release',
    'etc/debian_version',
    'etc/master.passwd',
  ],
  ...[
    'etc/vsftpd',
    'etc/proftpd',
    'etc/pure-ftpd',
    'etc/samba/',
    'etc/exports',
    'etc/inetd',
    'etc/kubernetes/',
    'etc/docker/',
  ],
  ...[
    'etc/init.d/',
    'etc/cron',
    'etc/logrotate',
    'etc/pam.d/',
    'etc/snmp',
    'etc/lighttpd',
    'etc/httpd.conf',
    'etc/fstab',
  ],
  ...['proc/self/', 'proc/version', 'proc/cmdline', 'proc/net/', 'proc/mounts', 'proc/cpuinfo', 'proc/sched_debug'],
  ...['proc/meminfo', 'proc/swaps', 'proc/stat', 'proc/partitions', 'proc/modules', 'proc/1/', 'proc/sys/'],
  ...[
    'root/.ssh/',
    'root/.bash',
    'root/.aws',
    '.ssh/id_',
    '.ssh/authorized_keys',
    '.ssh/known_hosts',
    '.aws/credentials',
  ],
  ...['.bash_history', '.mysql_history', '.psql_history', '.htpasswd', '.git/config', '.git/head', '.svn/entries'],
  ...['.docker/config.json', '.kube/config', '.npmrc', '.pgpass', '.netrc'],
  ...[
    'var/log/',
    'var/www/',
    'var/mail/',
    'var/spool/cron',
    'var/run/secrets/',
    'var/lib/mysql',
    'var/adm/',
    'run/secrets/',
  ],
  ...[
    'boot.ini',
    'win.ini',
    'system.ini',
    'windows/system32/',
    'windows/repair/',
    'windows/panther/',
    'windows/debug/',
  ],
  ...['winnt/', 'inetpub/', 'autoexec.bat', 'pagefile.sys', 'ntuser.dat', 'windows/php.ini', 'windows/explorer'],
  ...['web-inf/', 'meta-inf/', 'boot/grub', 'bin/passwd', 'windows/win', 'windows/system'],
]

/** Files that hold secrets of an application, when they are what a value names. */
export const secretNames: readonly string[] = [
  ...[
    'web.config',
    'web.xml',
    'php.ini',
    'my.ini',
    'my.cnf',
    'wp-config.php',
    'configuration.php',
    'localsettings.php',
  ],
  ...['config.inc.php', 'config.php', 'settings.php', 'database.yml', 'secrets.yml', 'credentials.json', 'access.log'],
  ...[
    'error.log',
    'access_log',
    'error_log',
    'httpd.conf',
    'apache2.conf',
    'nginx.conf',
    'server.xml',
    'tomcat-users.xml',
  ],
  ...['.htaccess', '.env', '.passwd', 'id_rsa', 'id_dsa', 'id_ecdsa', 'id_ed25519', 'shadow', 'passwd', 'desktop.ini'],
]

/** Folders of a server, when a value is nothing but a path that starts there. */
export const serverFolders: readonly string[] = [
  ...[
    'etc/',
    'proc/',
    'var/',
    'usr/',
    'root/',
    'opt/',
    'boot/',
    'sys/',
    'bin/',
    'sbin/',
    'dev/',
    'lib/',
    'srv/',
    'run/',
  ],
  ...['windows/', 'winnt/', 'program files', 'documents and settings/', 'inetpub/', 'xampp/', 'apache/', 'apache2/'],
  ...['logs/', 'log/', 'www/logs/', 'mysql/', 'library/webserver/', 'volumes/', 'users/administrator/', 'boot.ini'],
]
