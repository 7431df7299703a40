/// How long a question to the broker may take; no longer, so that a process that is told to end can.
enum KafkaPatience {
    static let milliseconds: Int32 = 1_500
}
