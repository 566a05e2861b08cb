// Asio's coroutines, as the server's own files use them.
#pragma once

// clang-format off
#include <utility>  // first: awaitable.hpp of Boost 1.74 uses std::exchange without it
#include <boost/asio/awaitable.hpp>
// clang-format on
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

// GCC 12 takes the allocation of a coroutine's frame, once inlined, for another one than it is freed by.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
#endif

namespace logystera::server {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

/// To wait for an operation with: what it fails with goes into `error` and is not thrown.
inline auto into(error_code& error) { return asio::redirect_error(asio::use_awaitable, error); }

}  // namespace logystera::server
