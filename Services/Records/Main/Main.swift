import RecordsAdapters

@main
struct Main {
    static func main() async { await RecordsService.main() }
}
