#pragma once
#include <curl/curl.h>

#include <memory>

namespace hubferry::transfer {

// Calls a C destroy function.
template <auto Function>
struct Destroy {
  template <class T>
  void operator()(T* object) const noexcept {
    Function(object);
  }
};

// Owners of libcurl's objects. An easy handle must leave its multi handle before it goes; a list must outlive the easy
// handle that was given it.
using EasyPtr = std::unique_ptr<CURL, Destroy<curl_easy_cleanup>>;
using MultiPtr = std::unique_ptr<CURLM, Destroy<curl_multi_cleanup>>;
using ListPtr = std::unique_ptr<curl_slist, Destroy<curl_slist_free_all>>;
using UrlPtr = std::unique_ptr<CURLU, Destroy<curl_url_cleanup>>;
using TextPtr = std::unique_ptr<char, Destroy<curl_free>>;

// Appends a copy of `line`.
inline void append(ListPtr& list, const char* line) {
  if (curl_slist* longer = curl_slist_append(list.get(), line); longer != nullptr) {
    static_cast<void>(list.release());
    list.reset(longer);
  }
}

}  // namespace hubferry::transfer
