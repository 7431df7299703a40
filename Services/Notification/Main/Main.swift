import NotificationAdapters

@main
struct Main {
    static func main() async { await NotificationService.main() }
}
