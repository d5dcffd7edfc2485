/* A venue without Python: policies that another process compiled are looked at, then brought into
 * force at one point of the stream. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <tickmargin/tickmargin.h>

static int failed(const char* what, const char* why) {
  fprintf(stderr, "%s: %s\n", what, why);
  return 1;
}

/* Bytes of a file, the caller's to free; null where there are none. */
static unsigned char* read_file(const char* path, uint64_t* count) {
  FILE* file = fopen(path, "rb");
  long size = 0;
  unsigned char* bytes = NULL;
  if (file == NULL) return NULL;
  if (fseek(file, 0, SEEK_END) == 0 && (size = ftell(file)) > 0 && fseek(file, 0, SEEK_SET) == 0)
    bytes = malloc((size_t)size);
  if (bytes != NULL && fread(bytes, 1, (size_t)size, file) != (size_t)size) {
    free(bytes);
    bytes = NULL;
  }
  fclose(file);
  *count = (uint64_t)size;
  return bytes;
}

static int swap(const tickmargin_api* api, tickmargin_engine* engine, unsigned char* policies,
                uint64_t count) {
  const uint64_t epoch = 7;
  tickmargin_record enforce = {.type = TICKMARGIN_POLICY_EPOCH, .sequence = epoch};
  tickmargin_difference* rows;
  tickmargin_account account = {.size = sizeof account};
  tickmargin_message message;
  uint64_t before = 0, after = 0;
  int64_t accounts = api->dry_run(engine, policies, count, NULL, 0, &message);
  int32_t answer;

  if (accounts < 0) return failed(api->fault_name((int32_t)accounts), message.text);
  if (api->state_hash(engine, &before) != 0) return failed("hash", "none");
  rows = calloc((size_t)accounts, sizeof *rows);
  if (rows == NULL) return failed("rows", "no memory");
  api->dry_run(engine, policies, count, rows, accounts, &message);
  for (int64_t a = 0; a < accounts; ++a)
    printf("account %" PRId64 ": %s -> %s, %a -> %a\n", a, api->state_name(rows[a].state_before),
           api->state_name(rows[a].state_after), rows[a].initial_margin_before,
           rows[a].initial_margin_after);
  free(rows);

  policies[count / 2] ^= 1; /* a bit that flipped on the way */
  if (api->stage_policies(engine, epoch, policies, count, &message) != TICKMARGIN_FAULT_REFUSED)
    return failed("damaged policies", "were staged");
  policies[count / 2] ^= 1;
  if (api->state_hash(engine, &after) != 0 || after != before)
    return failed("hash", "asking or being refused changed the engine");

  answer = api->stage_policies(engine, epoch, policies, count, &message);
  if (answer != 0) return failed(api->fault_name(answer), message.text);
  if (api->account(engine, 0, &account) != 0) return failed("account", "none");
  enforce.ts_ns = account.since_ns;
  answer = api->apply(engine, &enforce);
  if (answer != TICKMARGIN_OK) return failed("the epoch", api->record_status_name(answer));
  if (api->stage_policies(engine, epoch, policies, count, NULL) != TICKMARGIN_FAULT_REFUSED)
    return failed("a number in force", "was given again");
  if (api->audit(engine) != 0) return failed("audit", "differences");
  if (api->state_hash(engine, &after) != 0) return failed("hash", "none");
  printf("hash %016" PRIx64 "\n", after);
  return 0;
}

int main(int argc, char** argv) {
  const tickmargin_api* api = tickmargin_api_get(3);
  tickmargin_engine* engine = NULL;
  tickmargin_message message;
  unsigned char* policies;
  uint64_t count = 0;
  int wrong;

  if (api == NULL) return failed("the table", "the library is older than the header");
  if (argc != 3) return failed("usage", "swap SAVED_ENGINE SAVED_POLICIES");
  policies = read_file(argv[2], &count);
  if (policies == NULL) return failed(argv[2], "cannot be read");
  wrong = api->open_file(argv[1], &engine, &message) != 0 ? failed("the engine", message.text)
                                                          : swap(api, engine, policies, count);
  api->close(engine);
  free(policies);
  return wrong;
}
