// Read by AddressSanitizer and LeakSanitizer when the tests are built with them, else unused. librdkafka loses one
// queue of a client whose broker does not know DescribeGroups, as the mock cluster (2.0.2 to 2.8 at least); to tell
// that one from a message that was not freed, LeakSanitizer needs whole call stacks.

extern "C" const char* __asan_default_options();
extern "C" const char* __lsan_default_suppressions();

extern "C" const char* __asan_default_options() {
  return "fast_unwind_on_malloc=0";
}

extern "C" const char* __lsan_default_suppressions() {
  return "leak:rd_kafka_new\n";
}
