import Cryptography
import Foundation
import Testing

/// The SHA-256 of each migration as it was published; a database refuses one that was edited afterwards.
private let publishedMigrations: [String: String] = [
    "Services/Consent/Adapters/Database/Migrations/V0001__consent.sql":
        "c382d6ed6a9471c832b5c6413c35a4ff814b3b8c743cc44bcce6f4d99bcf0938",
    "Services/Consent/Adapters/Database/Migrations/V0002__revocation_finality.sql":
        "6e60a6d2ed938c4ce081db7b07ea8dbbcccf646ad6bc35469bbf4c6b9ea16bbb",
    "Services/Identity/Adapters/Database/Migrations/V0001__identity.sql":
        "c908c0df34ca38864b73a1cdbd158ce68e32ee1359ccc2ae8f6ca80c05871115",
    "Services/Ledger/Adapters/Database/Migrations/V0001__ledger.sql":
        "06337642add78adc7128738f5b2cfe59b55e362a05ed8f3087c722d765b43db2",
    "Services/Ledger/Adapters/Database/Migrations/V0002__block_first_index.sql":
        "43e3a8a4785e6685e1b185c9bc45f9bfd220edadc1a3b37b2ff97c6e41d3352a",
    "Services/Ledger/Adapters/Database/Migrations/V0004__key_block_height.sql":
        "c58ec56affecace4b81e4f8a650f8d62ee7b69db17bc6b1257d37365bb8eb3d6",
    "Services/Ledger/Adapters/Database/Migrations/V0003__witness.sql":
        "b17cc82cf772484645b0fdbd6f5b05067e2ffc1deaafa9fae99a19232f0c3858",
    "Services/Notification/Adapters/Database/Migrations/V0001__notification.sql":
        "a6a36f259715183f4dec1473b9ede5c896d7061601345fa95557cabb9e5559da",
    "Services/Records/Adapters/Database/Migrations/V0001__records.sql":
        "db7deb1f8749ebf34b6430d0346c2f8382c5ae56732e67d462f19a116c7609fd",
    "Services/Records/Adapters/Database/Migrations/V0002__revocation_finality.sql":
        "14c716bb80526ff23fcd743ff41990d6ebc7dd1317ee9e21dc0effec62b56b20",
    "Services/Records/Adapters/Database/Migrations/V0003__contract_finality.sql":
        "163aa73311a391e5fffdcff4322d0b40e34cd737c9044f2370be2b4f7117d6a6",
    "Shared/Messaging/Migrations/V0001__messaging.sql":
        "db7113a6ffaebd909cbd1fa1fe6127d7156520df3ee8cb67ec356152ca939b6a",
]

@Suite struct MigrationTests {
    @Test func migrationsAreThePublishedOnes() throws {
        let files = SourceTree.files(below: ["Services", "Shared"], withExtension: "sql")
        let digests = try files.map { file in
            let bytes = try Data(contentsOf: SourceTree.root.appending(path: file.path))
            return (file.path, SHA256.hash([UInt8](bytes)).hex)
        }
        #expect(Dictionary(uniqueKeysWithValues: digests) == publishedMigrations)
    }
}
