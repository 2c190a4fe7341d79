/* Times libmodsecurity 3 on the requests of bench/requests.ts, one core, whole transactions.
 * Input on stdin, as bench/rivals/libmodsecurity.ts writes it: for each request
 *   NAME METHOD TARGET HEADERS BODYBYTES\n, then HEADERS lines "name\tvalue\n", then the body.
 * Output: one line "NAME MICROSECONDS BLOCKED" a kind of request, the best of five rounds.
 * Build: cc -O2 -o libmodsecurity libmodsecurity.c -lmodsecurity
 */
#include <modsecurity/intervention.h>
#include <modsecurity/modsecurity.h>
#include <modsecurity/rules_set.h>
#include <modsecurity/transaction.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MAX_REQUESTS 4096
#define MAX_HEADERS 32
#define ROUNDS 5

typedef struct {
  char name[16], method[8], target[2048];
  int headers;
  char *names[MAX_HEADERS], *values[MAX_HEADERS];
  char *body;
  size_t body_bytes;
} request;

static request requests[MAX_REQUESTS];
static int count;

static void read_requests(void) {
  char line[8192];
  while (count < MAX_REQUESTS && fgets(line, sizeof line, stdin)) {
    request *r = &requests[count];
    if (sscanf(line, "%15s %7s %2047s %d %zu", r->name, r->method, r->target, &r->headers, &r->body_bytes) != 5) exit(2);
    if (r->headers > MAX_HEADERS) exit(2);
    for (int i = 0; i < r->headers; i++) {
      if (!fgets(line, sizeof line, stdin)) exit(2);
      line[strcspn(line, "\n")] = 0;
      char *tab = strchr(line, '\t');
      if (!tab) exit(2);
      *tab = 0;
      r->names[i] = strdup(line);
      r->values[i] = strdup(tab + 1);
    }
    r->body = malloc(r->body_bytes + 1);
    if (fread(r->body, 1, r->body_bytes, stdin) != r->body_bytes) exit(2);
    count++;
  }
}

static int inspect(ModSecurity *engine, RulesSet *rules, const request *r) {
  Transaction *t = msc_new_transaction(engine, rules, NULL);
  msc_process_connection(t, "198.51.100.7", 40000, "127.0.0.1", 80);
  msc_process_uri(t, r->target, r->method, "1.1");
  for (int i = 0; i < r->headers; i++)
    msc_add_request_header(t, (const unsigned char *)r->names[i], (const unsigned char *)r->values[i]);
  msc_process_request_headers(t);
  if (r->body_bytes > 0) msc_append_request_body(t, (const unsigned char *)r->body, r->body_bytes);
  msc_process_request_body(t);
  ModSecurityIntervention it = {200, 0, NULL, NULL, 0};
  int blocked = msc_intervention(t, &it);
  msc_process_logging(t);
  free(it.url);
  free(it.log);
  msc_transaction_cleanup(t);
  return blocked;
}

static double now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static void silent(void *data, const void *message) {
  (void)data;
  (void)message;
}

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  const char *error = NULL;
  ModSecurity *engine = msc_init();
  msc_set_log_cb(engine, silent);
  RulesSet *rules = msc_create_rules_set();
  if (msc_rules_add_file(rules, argv[1], &error) < 0) {
    fprintf(stderr, "%s\n", error ? error : "rules do not load");
    return 1;
  }
  read_requests();
  const char *done[16];
  int kinds = 0;
  for (int i = 0; i < count; i++) {
    int known = 0;
    for (int k = 0; k < kinds; k++) known |= !strcmp(done[k], requests[i].name);
    if (known || kinds == 16) continue;
    done[kinds++] = requests[i].name;
    double best = 1e18;
    int blocked = 0;
    for (int round = 0; round < ROUNDS; round++) {
      int n = 0;
      blocked = 0;
      double start = now_us();
      for (int j = 0; j < count; j++) {
        if (strcmp(requests[j].name, requests[i].name)) continue;
        blocked += inspect(engine, rules, &requests[j]);
        n++;
      }
      double mean = (now_us() - start) / n;
      if (mean < best) best = mean;
    }
    printf("%s %.1f %d\n", requests[i].name, best, blocked);
  }
  return 0;
}
