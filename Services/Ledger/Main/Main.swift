import LedgerAdapters

@main
struct Main {
    static func main() async { await LedgerService.main() }
}
