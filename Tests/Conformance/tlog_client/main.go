// Downloads a whole tiled log (C2SP tlog-tiles) and checks it with the Go project's own tlog and note packages, the
// ones that verify Go's checksum database.
//
//	GO111MODULE=off GOPATH=/usr/share/gocode go run ./Tests/Conformance/tlog_client URL POLICY
//
// Of POLICY, a C2SP tlog-policy file, the `log` lines are read. It needs Debian's packages golang-go and
// golang-golang-x-mod-dev. Exit code 0: the log is what its checkpoint says; 1: it is not; 2: wrong usage.
package main

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	tileHeight = 8
	tileWidth  = 1 << tileHeight
)

// A tileSource gives tiles to the tlog package, which checks them against the tree.
type tileSource struct {
	url   string
	tiles map[string][]byte
}

func (s *tileSource) Height() int { return tileHeight }

// The tlog package only calls it with tiles that belong to the tree.
func (s *tileSource) SaveTiles(tiles []tlog.Tile, data [][]byte) {
	for i, tile := range tiles {
		s.tiles[tile.Path()] = data[i]
	}
}

func (s *tileSource) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	data := make([][]byte, len(tiles))
	for i, tile := range tiles {
		if known, ok := s.tiles[tile.Path()]; ok {
			data[i] = known
			continue
		}
		// The checksum database has the height of its tiles in their paths; a C2SP log has tiles of one height.
		path := strings.Replace(tile.Path(), fmt.Sprintf("tile/%d/", tileHeight), "tile/", 1)
		var err error
		if data[i], err = s.get(path); err != nil {
			return nil, err
		}
	}
	return data, nil
}

func (s *tileSource) get(path string) ([]byte, error) {
	response, err := http.Get(s.url + "/" + path)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: status %d", path, response.StatusCode)
	}
	return io.ReadAll(response.Body)
}

// entries gives the entries of a bundle, whose width is that of the tile of level 0 over it.
func (s *tileSource) entries(tile tlog.Tile) ([][]byte, error) {
	path := strings.Replace(tile.Path(), fmt.Sprintf("tile/%d/0/", tileHeight), "tile/entries/", 1)
	bundle, err := s.get(path)
	if err != nil {
		return nil, err
	}
	var entries [][]byte
	for len(bundle) > 0 {
		if len(bundle) < 2 || len(bundle)-2 < int(binary.BigEndian.Uint16(bundle)) {
			return nil, fmt.Errorf("%s: it ends within an entry", path)
		}
		end := 2 + int(binary.BigEndian.Uint16(bundle))
		entries = append(entries, bundle[2:end])
		bundle = bundle[end:]
	}
	if len(entries) != tile.W {
		return nil, fmt.Errorf("%s: %d entries, not %d", path, len(entries), tile.W)
	}
	return entries, nil
}

// checkpoint opens the log's note under the keys of a policy and reads the tree in it.
func (s *tileSource) checkpoint(policy []byte) (tlog.Tree, error) {
	var keys []note.Verifier
	var names []string
	for _, line := range strings.Split(string(policy), "\n") {
		words := strings.Fields(line)
		if len(words) < 2 || words[0] != "log" {
			continue
		}
		key, err := note.NewVerifier(words[1])
		if err != nil {
			return tlog.Tree{}, err
		}
		keys = append(keys, key)
		names = append(names, key.Name())
	}
	data, err := s.get("checkpoint")
	if err != nil {
		return tlog.Tree{}, err
	}
	opened, err := note.Open(data, note.VerifierList(keys...))
	if err != nil {
		return tlog.Tree{}, err
	}
	// The tlog package reads this form under the origin of the checksum database only.
	lines := strings.SplitN(opened.Text, "\n", 2)
	if len(lines) != 2 || len(names) == 0 || lines[0] != names[0] {
		return tlog.Tree{}, fmt.Errorf("checkpoint: `%s` is not the log of the policy", lines[0])
	}
	return tlog.ParseTree([]byte("go.sum database tree\n" + lines[1]))
}

// verify reads every tile and entry, and proves every 97th entry and every tree of a power of two.
func (s *tileSource) verify(tree tlog.Tree) error {
	hashes := tlog.TileHashReader(tree, s)
	for first := int64(0); first < tree.N; first += tileWidth {
		tile := tlog.Tile{H: tileHeight, L: 0, N: first / tileWidth, W: tileWidth}
		if rest := tree.N - first; rest < tileWidth {
			tile.W = int(rest)
		}
		entries, err := s.entries(tile)
		if err != nil {
			return err
		}
		indices := make([]int64, len(entries))
		for i := range entries {
			indices[i] = tlog.StoredHashIndex(0, first+int64(i))
		}
		leaves, err := hashes.ReadHashes(indices)
		if err != nil {
			return err
		}
		for i, entry := range entries {
			if tlog.RecordHash(entry) != leaves[i] {
				return fmt.Errorf("entry %d: it is not the one in the tree", first+int64(i))
			}
		}
	}
	root, err := tlog.TreeHash(tree.N, hashes)
	if err != nil {
		return err
	}
	if root != tree.Hash {
		return fmt.Errorf("the tiles do not give the root")
	}
	return s.prove(tree, hashes)
}

func (s *tileSource) prove(tree tlog.Tree, hashes tlog.HashReader) error {
	for index := int64(0); index < tree.N; index += 97 {
		leaf, err := hashes.ReadHashes([]int64{tlog.StoredHashIndex(0, index)})
		if err != nil {
			return err
		}
		proof, err := tlog.ProveRecord(tree.N, index, hashes)
		if err != nil {
			return err
		}
		if err := tlog.CheckRecord(proof, tree.N, tree.Hash, index, leaf[0]); err != nil {
			return err
		}
	}
	for size := int64(1); size <= tree.N; size *= 2 {
		old, err := tlog.TreeHash(size, hashes)
		if err != nil {
			return err
		}
		proof, err := tlog.ProveTree(tree.N, size, hashes)
		if err != nil {
			return err
		}
		if err := tlog.CheckTree(proof, tree.N, tree.Hash, size, old); err != nil {
			return err
		}
	}
	return nil
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: tlog_client URL POLICY")
		os.Exit(2)
	}
	policy, err := os.ReadFile(os.Args[2])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	source := &tileSource{url: strings.TrimSuffix(os.Args[1], "/"), tiles: map[string][]byte{}}
	tree, err := source.checkpoint(policy)
	if err == nil {
		err = source.verify(tree)
	}
	if err != nil {
		fmt.Println("log is not valid:", err)
		os.Exit(1)
	}
	fmt.Printf("log is valid: %d entries, root %s\n", tree.N, hex.EncodeToString(tree.Hash[:]))
}
