#pragma once
#include <pthread.h>

namespace hubferry {

// Names the calling thread as `top -H` and a debugger show it; at most 15 characters.
inline void name_thread(const char* name) {
  pthread_setname_np(pthread_self(), name);
}

}  // namespace hubferry
