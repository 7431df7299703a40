/// Events in the order of their times; those of one time in the order in which they were added.
struct EventQueue<Event> {
    private struct Item {
        let at: Int64
        let order: UInt64
        let event: Event

        func isBefore(_ other: Item) -> Bool { at == other.at ? order < other.order : at < other.at }
    }

    // A binary heap: the parent of `index` is at `(index - 1) / 2` and never later.
    private var items: [Item] = []
    private var order: UInt64 = 0

    /// When the next event is; nil when there is none.
    var nextAt: Int64? { items.first?.at }

    mutating func add(_ event: Event, at: Int64) {
        order += 1
        items.append(Item(at: at, order: order, event: event))
        var child = items.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard items[child].isBefore(items[parent]) else { break }
            items.swapAt(child, parent)
            child = parent
        }
    }

    /// Takes the next event, which must be there.
    mutating func removeFirst() -> (at: Int64, event: Event) {
        items.swapAt(0, items.count - 1)
        let first = items.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < items.count {
                if items[child].isBefore(items[least]) { least = child }
            }
            guard least != parent else { break }
            items.swapAt(parent, least)
            parent = least
        }
        return (first.at, first.event)
    }

    mutating func removeAll(where isRemoved: (Event) -> Bool) {
        let kept = items.filter { !isRemoved($0.event) }.sorted { $0.isBefore($1) }
        // An ascending array is a heap.
        items = kept
    }
}
