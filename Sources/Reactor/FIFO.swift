/// A queue that keeps its memory: what is due at the front, what was added last at the end.
package struct FIFO<Element> {
  private var elements: [Element] = []
  private var head = 0

  package init() {}

  package var first: Element? { head < elements.count ? elements[head] : nil }

  package mutating func append(_ element: Element) { elements.append(element) }

  /// Removes the first; only where there is one.
  package mutating func removeFirst() {
    head += 1
    if head * 2 >= elements.count, head >= 1024 || head == elements.count {
      elements.removeFirst(head)
      head = 0
    }
  }
}
