package extractor

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"go/format"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite version.txt and the golden files from what the code does now")

// TestVersion fails where rules, word lists or a library that cuts text have changed and
// version.txt has not: stored records would then claim to be up to date.
func TestVersion(t *testing.T) {
	want := sourceHash(t)
	if *update {
		if err := os.WriteFile("version.txt", []byte(want+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got := strings.TrimSpace(sources); got != want {
		t.Errorf("version.txt is %s, the sources are %s: run `go test ./extractor -update`", got, want)
	}
}

// sourceHash hashes all that decides the output but the recogniser's model, which has a hash of
// its own: Go files without comments and layout, data files, versions of the text libraries.
func sourceHash(t *testing.T) string {
	t.Helper()
	skip := map[string]bool{"eval": true, "train": true, "prosev2": true, "prosev3": true, "testdata": true, "models": true}
	h := sha256.New()
	files := 0
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir():
			if skip[d.Name()] {
				return fs.SkipDir
			}
			return nil
		case strings.HasSuffix(path, "_test.go"), strings.HasSuffix(path, ".md"), path == "version.txt", path == "version.go":
			return nil
		}
		src, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if strings.HasSuffix(path, ".go") {
			fset := token.NewFileSet()
			f, err := parser.ParseFile(fset, path, src, parser.SkipObjectResolution) // no comments
			if err != nil {
				return err
			}
			var b bytes.Buffer
			if err := format.Node(&b, fset, f); err != nil {
				return err
			}
			src = b.Bytes()
		}
		files++
		h.Write([]byte(filepath.ToSlash(path) + "\x00"))
		h.Write(src)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 10 {
		t.Fatalf("only %d source files found", files)
	}
	mod, err := os.ReadFile("../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(mod)) {
		if strings.Contains(line, "jdkato/prose/v3") || strings.Contains(line, "golang.org/x/text") {
			h.Write([]byte(strings.TrimSpace(line)))
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}
