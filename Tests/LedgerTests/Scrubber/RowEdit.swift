import LedgerSimulation
import Model
import Postgres
import Testing

/// The tables of a schema as the database itself describes them, and random edits of their rows.
struct EditableSchema {
    /// A column by its table and name.
    struct Column: Hashable, CustomStringConvertible {
        let table: String
        let name: String
        let type: String
        let isNullable: Bool

        var description: String { "\(table).\(name)" }
    }

    let columns: [Column]
    let tables: [String]

    init(_ pool: PostgresPool, schema: String) async throws {
        columns = try await pool.query { session in
            try session.query(
                """
                SELECT table_name::text, column_name::text, data_type::text, is_nullable::text
                FROM information_schema.columns WHERE table_schema = $1
                ORDER BY table_name, ordinal_position
                """, [.text(schema)]
            ).map {
                Column(
                    table: try $0.text(0), name: try $0.text(1), type: try $0.text(2),
                    isNullable: try $0.text(3) == "YES")
            }
        }
        tables = Set(columns.map(\.table)).sorted()
    }

    /// Every row of every table, as text.
    func contents(_ pool: PostgresPool) async throws -> [String: [String]] {
        let tables = tables
        return try await pool.query { session in
            var contents: [String: [String]] = [:]
            for table in tables {
                contents[table] = try session.query("SELECT \(table)::text FROM \(table) ORDER BY 1")
                    .map { try $0.text(0) }
            }
            return contents
        }
    }

    /// One statement that changes a value of the column, its row, or the table around it.
    func edit(of column: Column, _ numbers: inout SeededNumbers) -> String {
        let (table, name) = (column.table, column.name)
        let row =
            "ctid = (SELECT ctid FROM \(table) "
            + "ORDER BY md5(\(table)::text || \(numbers.next() % 1_000)) LIMIT 1)"
        switch numbers.next() % 12 {
        case 0: return "DELETE FROM \(table) WHERE \(row)"
        case 1: return "TRUNCATE \(table)"
        case 2:
            // A stray row: a copy with another value in this column.
            let values = columns.filter { $0.table == table }.map {
                $0 == column ? changed($0, &numbers) : $0.name
            }
            let names = columns.filter { $0.table == table }.map(\.name).joined(separator: ", ")
            return "INSERT INTO \(table) (\(names)) SELECT \(values.joined(separator: ", ")) FROM \(table) "
                + "WHERE \(row)"
        case 3:
            // Two rows swap their values.
            return """
                WITH pair AS (
                    SELECT ctid AS place, \(name) FROM \(table)
                    ORDER BY md5(\(table)::text || \(numbers.next() % 1_000)) LIMIT 2
                )
                UPDATE \(table) SET \(name) = other.\(name) FROM pair AS one, pair AS other
                WHERE \(table).ctid = one.place AND one.place <> other.place
                """
        case 4 where column.isNullable: return "UPDATE \(table) SET \(name) = NULL WHERE \(row)"
        default: return "UPDATE \(table) SET \(name) = \(changed(column, &numbers)) WHERE \(row)"
        }
    }

    private func changed(_ column: Column, _ numbers: inout SeededNumbers) -> String {
        let (name, word) = (column.name, numbers.next())
        switch column.type {
        case "bytea":
            let place = "(\(word % 100_000) % octet_length(\(name)))::int"
            return "set_byte(\(name), \(place), get_byte(\(name), \(place)) # \(1 << (numbers.next() % 8)))"
        case "text", "character varying":
            let place = "(\(word % 100_000) % length(\(name)) + 1)::int"
            // The Kelvin sign is canonically equal to a K, which must not deceive a comparison.
            let letter = ["A", "\u{212A}", "7", "\u{0301}", "="][Int(numbers.next() % 5)]
            return "overlay(\(name) PLACING '\(letter)' FROM \(place) FOR 1)"
        case "boolean": return "NOT \(name)"
        case "smallint", "integer", "bigint":
            let step = [1, -1, 2, 1_000, -1_000, 30_000][Int(word % 6)]
            return "\(name) + (\(step))"
        case "timestamp with time zone": return "\(name) + interval '\(word % 1_000 + 1) milliseconds'"
        default: return "NULL"
        }
    }
}
