/* A venue's gateway in C: opens a saved engine, asks before an order, feeds prices, drains. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <tickmargin/tickmargin.h>

static int failed(const char* what, const char* why) {
  fprintf(stderr, "%s: %s\n", what, why);
  return 1;
}

/* A source that starts again at 1 conflicts until an operator has it forgotten. */
static int starts_again(const tickmargin_api* api, const char* saved) {
  tickmargin_engine* engine = NULL;
  tickmargin_record tick = {.type = TICKMARGIN_INDEX_TICK,
                            .ts_ns = 1700000000000000000,
                            .sequence = 1,
                            .value = {60100.0}};
  tickmargin_record release = {.type = TICKMARGIN_OPERATOR_RELEASE, .ts_ns = 1700000000000000000};
  int wrong = api->open_file(saved, &engine, NULL) != 0;
  const char* refused = api->record_status_name(api->apply(engine, &tick));
  wrong |= strcmp(refused, "conflicting") != 0;
  for (release.detail = TICKMARGIN_RELEASE_PRICE; release.detail <= TICKMARGIN_RELEASE_VOLATILITIES;
       ++release.detail) {
    if (release.detail == TICKMARGIN_RELEASE_SOURCE) continue;
    refused = api->record_status_name(api->apply(engine, &release)); /* nothing waits */
    wrong |= strcmp(refused, "out_of_range") != 0;
  }
  release.detail = TICKMARGIN_RELEASE_SOURCE;
  wrong |= api->apply(engine, &release) != TICKMARGIN_OK;
  wrong |= api->apply(engine, &tick) != TICKMARGIN_OK;
  api->close(engine);
  return wrong;
}

int main(int argc, char** argv) {
  const tickmargin_api* api = tickmargin_api_get(TICKMARGIN_ABI_VERSION);
  tickmargin_engine* engine = NULL;
  tickmargin_message message;
  tickmargin_record tick = {.type = TICKMARGIN_INDEX_TICK, .ts_ns = 1700000000000000000};
  tickmargin_order order = {.quantity = 10.0, .price = 60000.0};
  tickmargin_checked_order checked;
  tickmargin_account account = {.size = sizeof account};
  tickmargin_event events[16];
  int64_t drained = 0, got;
  uint64_t hash = 0;
  int32_t answer;

  if (api == NULL) return failed("the table", "the library is older than the header");
  if (argc != 2) return failed("usage", "consumer SAVED_ENGINE");
  answer = api->open_file("/nowhere/at/all", &engine, &message);
  if (answer != TICKMARGIN_FAULT_FILE) return failed("a file that is not there", message.text);
  answer = api->open_file(argv[1], &engine, &message);
  if (answer != 0) return failed(api->fault_name(answer), message.text);

  /* 2 % of 12 x 60,000, no binary fraction and rounded up, less 7,000 of equity. */
  answer = api->check(engine, &order, &checked);
  if (answer != TICKMARGIN_REFUSED_MARGIN || checked.shortfall_ticks != 7400000001)
    return failed("ten more", api->check_verdict_name(answer));
  order.quantity = 1.0;
  if (api->check(engine, &order, &checked) != TICKMARGIN_ACCEPTED)
    return failed("one more", api->check_verdict_name(checked.verdict));

  for (tick.sequence = 2; tick.sequence <= 3; ++tick.sequence) {
    tick.value[0] = tick.sequence == 2 ? 58500.0 : 57000.0;
    answer = api->apply(engine, &tick);
    if (answer != TICKMARGIN_OK) return failed("a price", api->record_status_name(answer));
  }
  tick.sequence = 3;
  answer = api->apply(engine, &tick);
  if (answer != TICKMARGIN_DUPLICATE)
    return failed("the same price again", api->record_status_name(answer));

  if (starts_again(api, argv[1])) return failed("a source that starts again", "not as it should");

  while ((got = api->events(engine, events, 16)) > 0) {
    for (int64_t e = 0; e < got; ++e)
      printf("account %" PRId32 ": %s -> %s, slack %" PRId64 "\n", events[e].account,
             api->state_name(events[e].before), api->state_name(events[e].after),
             events[e].slack_ticks);
    drained += got;
  }
  if (api->account(engine, 0, &account) != 0 || account.state != TICKMARGIN_LIQUIDATING)
    return failed("the account", api->state_name(account.state));
  if (api->account(engine, 1, &account) != TICKMARGIN_FAULT_HANDLE)
    return failed("account 1", "there is none");
  if (api->audit(engine) != 0) return failed("audit", "differences");
  if (api->state_hash(engine, &hash) != 0) return failed("hash", "none");
  printf("tickmargin %s from C on %s: %s, slack %" PRId64 ", hash %016" PRIx64 "\n", api->version(),
         api->kernel_name(), api->state_name(account.state), account.slack_ticks, hash);
  api->close(engine);
  return drained > 0 ? 0 : 1;
}
