/// A queue that keeps its memory: what is due at the front, what was added last at the end.
///
/// Public only so that other modules specialise it: a generic of `package` access is called unspecialised from them.
@frozen
public struct FIFO<Element> {
  @usableFromInline var elements: [Element] = []
  @usableFromInline var head = 0

  @inlinable public init() {}

  @inlinable public var first: Element? { head < elements.count ? elements[head] : nil }

  @inlinable public mutating func append(_ element: Element) { elements.append(element) }

  /// Removes the first; only where there is one.
  @inlinable public mutating func removeFirst() {
    head += 1
    if head * 2 >= elements.count, head >= 1024 || head == elements.count {
      elements.removeFirst(head)
      head = 0
    }
  }
}
