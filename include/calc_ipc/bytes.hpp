/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/// @file
/// Messages of your own: views of bytes, which copy nothing.
///
/// The two views are the same types in every version of C++, so that objects compiled for different versions can be
/// linked. Where std::span exists, they convert to it and from it, and a handler may take it in their place.
#ifndef CALC_IPC_BYTES_HPP
#define CALC_IPC_BYTES_HPP

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string_view>
#include <type_traits>
#include <utility>

#if __has_include(<version>)
#include <version>
#endif
#if defined(__cpp_lib_span)
#include <span>
#endif

namespace calc_ipc {

/// @cond INTERNAL
namespace detail {

/// The type of the elements that a container has in a row, const if they are.
template <class Container> using ElementOf = std::remove_pointer_t<decltype(std::data(std::declval<Container &>()))>;

/// Whether a container's elements are bytes. An array of char is not one: is its last a NUL?
template <class Container, class Element = std::remove_const_t<ElementOf<Container>>>
inline constexpr bool holds_bytes = std::is_same_v<Element, std::uint8_t> || std::is_same_v<Element, std::byte> ||
                                    (std::is_same_v<Element, char> && !std::is_array_v<Container>);

/// What lies at `data`, if a T may lie there, and is no longer than the `size` bytes.
template <class T> const T *lies(const std::uint8_t *data, std::size_t size) noexcept {
    static_assert(std::is_trivially_copyable_v<T>, "what goes from process to process is copied byte by byte");
    const bool is_aligned = reinterpret_cast<std::uintptr_t>(data) % alignof(T) == 0;
    return data != nullptr && is_aligned && size >= sizeof(T) ? reinterpret_cast<const T *>(data) : nullptr;
}

} // namespace detail
/// @endcond

/// Bytes to read, owned by somebody else: a pointer and a length, as std::string_view is for text.
class BytesView {
  public:
    /// No bytes.
    constexpr BytesView() noexcept = default;

    /// The `size` bytes from `data` on.
    constexpr BytesView(const std::uint8_t *data, std::size_t size) noexcept : data_(data), size_(size) {}

    /// The bytes of a string, without its NUL.
    BytesView(const char *text) noexcept : BytesView(std::string_view(text)) {}

    /// The bytes in a std::string, std::string_view, std::vector, std::array, std::span ... of char, std::byte or
    /// std::uint8_t, which has to outlive the view.
    template <class Container, class = std::enable_if_t<detail::holds_bytes<const Container>>>
    BytesView(const Container &container) noexcept
        : data_(reinterpret_cast<const std::uint8_t *>(std::data(container))), size_(std::size(container)) {}

    constexpr const std::uint8_t *data() const noexcept { return data_; }        ///< Where they are.
    constexpr std::size_t size() const noexcept { return size_; }                ///< How many there are.
    constexpr bool empty() const noexcept { return size_ == 0; }                 ///< Whether there are none.
    constexpr const std::uint8_t *begin() const noexcept { return data_; }       ///< For ranges.
    constexpr const std::uint8_t *end() const noexcept { return data_ + size_; } ///< For ranges.

    /// The start of the bytes as a T, which has to be trivially copyable; NULL if they are too few for one, or lie
    /// where no T may. Those of a request and of an answer lie where any type may whose alignment is CALC_IPC_ALIGNMENT
    /// at most.
    template <class T> const T *as() const noexcept { return detail::lies<T>(data_, size_); }

    /// The same bytes as text.
    std::string_view text() const noexcept { return {reinterpret_cast<const char *>(data_), size_}; }

  private:
    const std::uint8_t *data_ = nullptr;
    std::size_t size_ = 0;
};

/// Bytes to write to, owned by somebody else.
class BytesRoom {
  public:
    /// No room.
    constexpr BytesRoom() noexcept = default;

    /// The `size` bytes from `data` on.
    constexpr BytesRoom(std::uint8_t *data, std::size_t size) noexcept : data_(data), size_(size) {}

    /// The bytes of a container, as for BytesView; writing to them does not change its size.
    template <class Container, class = std::enable_if_t<detail::holds_bytes<std::remove_reference_t<Container>> &&
                                                        !std::is_const_v<detail::ElementOf<Container>>>>
    BytesRoom(Container &&container) noexcept
        : data_(reinterpret_cast<std::uint8_t *>(std::data(container))), size_(std::size(container)) {}

    constexpr std::uint8_t *data() const noexcept { return data_; }        ///< Where it is.
    constexpr std::size_t size() const noexcept { return size_; }          ///< How many bytes fit.
    constexpr std::uint8_t *begin() const noexcept { return data_; }       ///< For ranges.
    constexpr std::uint8_t *end() const noexcept { return data_ + size_; } ///< For ranges.

    /// The start of the room as a T, which has to be trivially copyable; NULL if it is too short for one, or lies where
    /// no T may.
    template <class T> T *as() const noexcept { return const_cast<T *>(detail::lies<T>(data_, size_)); }

  private:
    std::uint8_t *data_ = nullptr;
    std::size_t size_ = 0;
};

} // namespace calc_ipc

#if defined(__cpp_lib_span)
/// A std::span may be made from a temporary view, since the view does not own the bytes.
template <> inline constexpr bool std::ranges::enable_borrowed_range<calc_ipc::BytesView> = true;
/// As above.
template <> inline constexpr bool std::ranges::enable_borrowed_range<calc_ipc::BytesRoom> = true;
#endif

#endif
