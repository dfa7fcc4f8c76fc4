// How the program wants jemalloc to behave, where it is linked: keep what was
// freed for the next step, which asks for the same blocks again, and have all
// threads share it. The name is jemalloc's; it reads this before main.

extern "C" {
extern const char* malloc_conf;
const char* malloc_conf = "narenas:1,dirty_decay_ms:-1,muzzy_decay_ms:-1";
}
