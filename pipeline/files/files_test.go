package files_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/datelinenews/dateline/pipeline"
	"github.com/datelinenews/dateline/pipeline/files"
	"github.com/datelinenews/dateline/pipeline/pipelinetest"
)

// put writes files below a new folder, by their slash-separated names.
func put(t *testing.T, contents map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range contents {
		p := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func gz(t *testing.T, s string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(s)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func open(t *testing.T, c files.Config) *files.Source {
	t.Helper()
	s, err := files.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func readAll(t *testing.T, s *files.Source) []pipeline.Message {
	t.Helper()
	var all []pipeline.Message
	for {
		b, err := s.Read(t.Context())
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b.Messages...)
	}
}

// show is a message in a line: origin below dir, format, name, value, error.
func show(dir string, m pipeline.Message) string {
	origin := filepath.ToSlash(strings.TrimPrefix(strings.TrimPrefix(m.Origin.String(), dir), string(filepath.Separator)))
	s := fmt.Sprintf("%s %s %s %s", origin, m.Format, m.Name, m.Value)
	if m.Err != nil {
		s += " ERR"
	}
	return s
}

func check(t *testing.T, dir string, got []pipeline.Message, want []string) {
	t.Helper()
	var lines []string
	for _, m := range got {
		lines = append(lines, show(dir, m))
	}
	if !slices.Equal(lines, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(lines, "\n"), strings.Join(want, "\n"))
	}
}

func TestFolder(t *testing.T) {
	dir := put(t, map[string]string{
		"b.txt":           "B",
		"a.TXT":           "A",
		"page.html":       "<p>P",
		"one.json":        " {\"text\":\"1\"}\n",
		"many.json":       "[\n {\"text\":\"1\"},\n\n {\"text\":\n\"2\"} ]\n",
		"lines.jsonl":     "{\"text\":\"1\"}\n\n \r\n{\"text\":\"2\"}\r\nbad\n{\"text\":\"3\"}",
		"sub/c.txt.gz":    gz(t, "C"),
		"sub/d.ndjson.gz": gz(t, "{}\n{}\n"),
		"sub/b.txt":       "B2",
		".hidden/x.txt":   "no",
		".x.txt":          "no",
		"notes.docx":      "no",
		"empty.txt":       "",
		"empty.jsonl":     "\n",
		"empty.json":      "[]",
	})
	s := open(t, files.Config{Paths: []string{dir}})
	check(t, dir, readAll(t, s), []string{
		"a.TXT txt a A",
		"b.txt txt b B",
		"empty.txt txt empty ",
		`lines.jsonl:1 json  {"text":"1"}`,
		`lines.jsonl:4 json  {"text":"2"}`,
		`lines.jsonl:5 json  bad`,
		`lines.jsonl:6 json  {"text":"3"}`,
		`many.json:2 json  {"text":"1"}`,
		"many.json:4 json  {\"text\":\n\"2\"}",
		"one.json json   {\"text\":\"1\"}\n",
		"page.html html page <p>P",
		"sub/b.txt txt sub/b B2",
		"sub/c.txt.gz txt sub/c C",
		"sub/d.ndjson.gz:1 json  {}",
		"sub/d.ndjson.gz:2 json  {}",
	})
	if got := s.Skipped(); len(got) != 1 || filepath.Base(got[0]) != "notes.docx" {
		t.Errorf("skipped %q", got)
	}
	if s.Total() <= 0 || s.Position() != s.Total() {
		t.Errorf("%d of %d bytes read", s.Position(), s.Total())
	}
	if _, err := s.Read(t.Context()); !errors.Is(err, io.EOF) {
		t.Errorf("after the end: %v", err)
	}
}

func TestPaths(t *testing.T) {
	dir := put(t, map[string]string{"a/x.txt": "1", "b/x.txt": "2", "b/y.txt": "3", "b/x.html": "<p>4", "b/z.md": "5", "c/z.md": "6"})
	at := func(p string) string { return filepath.Join(dir, filepath.FromSlash(p)) }
	t.Run("files named twice and IDs that collide", func(t *testing.T) {
		got := readAll(t, open(t, files.Config{Paths: []string{at("b/x.txt"), at("a/x.txt"), at("b/x.txt"), at("b/x.html")}}))
		check(t, dir, got, []string{
			"b/x.txt txt x 2",
			"a/x.txt txt " + filepath.ToSlash(at("a/x")) + " 1",
			"b/x.html html " + filepath.ToSlash(at("b/x")) + " <p>4",
		})
	})
	t.Run("glob", func(t *testing.T) {
		s := open(t, files.Config{Paths: []string{at("b/*")}})
		check(t, dir, readAll(t, s), []string{
			"b/x.html html x <p>4",
			"b/x.txt txt " + filepath.ToSlash(at("b/x")) + " 2",
			"b/y.txt txt y 3",
		})
		if len(s.Skipped()) != 1 {
			t.Errorf("skipped %q", s.Skipped())
		}
	})
	for name, want := range map[string]string{
		"nowhere":   "no such file or folder",
		"c":         "none of its 1 files",
		"d*":        "no files there",
		"a/*.jsonl": "no files there",
		"[":         "glob",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := files.Open(files.Config{Paths: []string{at("a/x.txt"), at(name)}})
			if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), name) {
				t.Errorf("error %v, want %q and the name", err, want)
			}
		})
	}
	t.Run("an unknown form", func(t *testing.T) { // alone it is a mistake; among others a shell may have made the list
		if _, err := files.Open(files.Config{Paths: []string{at("b/z.md")}}); err == nil || !strings.Contains(err.Error(), "z.md: can't tell its form from its name") {
			t.Errorf("alone: %v", err)
		}
		if _, err := files.Open(files.Config{Paths: []string{at("b/z.md"), at("b/z.md")}}); err == nil || !strings.Contains(err.Error(), "z.md: can't tell its form from its name") {
			t.Errorf("twice: %v", err)
		}
		s := open(t, files.Config{Paths: []string{at("b/z.md"), at("a/x.txt")}})
		if got := readAll(t, s); len(got) != 1 || len(s.Skipped()) != 1 || s.Skipped()[0] != at("b/z.md") {
			t.Errorf("among others: %d messages, skipped %q", len(got), s.Skipped())
		}
	})
	if _, err := files.Open(files.Config{}); err == nil {
		t.Error("no paths are no error")
	}
}

func TestDamage(t *testing.T) {
	long := gz(t, strings.Repeat("{\"text\":\"The bridge is open.\"}\n", 5000))
	dir := put(t, map[string]string{
		"a.jsonl.gz": long[:len(long)/2],
		"b.txt.gz":   gz(t, "The bridge is open.")[:25],
		"c.txt.gz":   "not packed",
		"d.json":     `[{"text":"1"},{"text":"2",]`,
		"e.json":     `[{"text":"1"}`,
		"f.json":     `[{"text":"1"}] []`,
		"g.json":     `[{"text":"1"},`,
		"z.txt":      "last",
	})
	got := readAll(t, open(t, files.Config{Paths: []string{dir}}))
	bad := map[string]string{}
	good := map[string]int{}
	for _, m := range got {
		base := filepath.Base(m.Origin.Path)
		if m.Err != nil {
			if bad[base] != "" {
				t.Errorf("%s has two errors", base)
			}
			bad[base] = m.Err.Error()
		} else {
			good[base]++
		}
	}
	for base, want := range map[string]string{
		"a.jsonl.gz": "cut short", "b.txt.gz": "cut short", "c.txt.gz": "really gzip", "d.json": "element 2", "e.json": "ends early",
		"f.json": "more after", "g.json": "ends early",
	} {
		if !strings.Contains(bad[base], want) {
			t.Errorf("%s: error %q, want %q", base, bad[base], want)
		}
	}
	if len(bad) != 7 {
		t.Errorf("errors: %v", bad)
	}
	if good["a.jsonl.gz"] < 100 || good["d.json"] != 1 || good["e.json"] != 1 || good["f.json"] != 1 || good["z.txt"] != 1 {
		t.Errorf("messages that were read: %v", good)
	}
	for _, m := range got {
		if filepath.Base(m.Origin.Path) == "d.json" && m.Err != nil && !bytes.Contains(m.Value, []byte(`{"text":"2",]`)) {
			t.Errorf("the damaged element's bytes are %q", m.Value)
		}
	}
}

// TestBombs: what unpacks to hundreds of megabytes, or is nested without end, costs no more than the limit
// on an article, and what stands beside it is read.
func TestBombs(t *testing.T) {
	const huge = 32 << 20
	pack := func(parts ...io.Reader) string {
		var b strings.Builder
		w := gzip.NewWriter(&b)
		for _, p := range parts {
			if _, err := io.Copy(w, p); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	text := func(s string) io.Reader { return strings.NewReader(s) }
	much := func(c byte) io.Reader { return io.LimitReader(same(c), huge) }
	for name, c := range map[string]struct {
		content, want string // want is what the error says
		good          int    // articles that are read all the same
	}{
		"a.txt.gz":   {pack(much('x')), "longer than 100000 bytes", 0},
		"b.html.gz":  {pack(text("<html>"), much(' ')), "longer than 100000 bytes", 0},
		"c.json.gz":  {pack(text(`{"text":"`), much('x'), text(`"}`)), "longer than 100000 bytes", 0},
		"d.json.gz":  {pack(text(`[{"text":"1"},{"text":"`), much('x'), text(`"}]`)), "element 2 of the array is longer", 1},
		"e.json.gz":  {pack(text(`[{"text":"1"},`), much(' '), text(`{"text":"2"}]`)), "longer than 100000 bytes", 1},
		"f.jsonl.gz": {pack(text("{}\n"), much('x'), text("\n{}\n")), "line is longer", 2},
		"g.jsonl.gz": {pack(text("{}\n"), much('\n'), text("{}\n")), "", 2},
		"h.json":     {`[{"text":"1"},{"x":` + strings.Repeat("[", 50_000), "element 2", 1},
		"i.txt.gz":   {pack(text(pack(much('x')))), "", 1}, // what is in it is packed again: not text, as decoding finds
		"j.warc.gz":  {pack(text("WARC/1.1\r\nX: "), much('x'), text("\r\n\r\n")), "header is longer", 0},
		"k.warc.gz":  {pack(text("WARC/1.1\r\nContent-Length: 33554432\r\n\r\n"), much('x'), text("\r\n\r\n")), "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			dir := put(t, map[string]string{name: c.content, "z.txt": "last"})
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			got := readAll(t, open(t, files.Config{Paths: []string{dir}, MaxBytes: 100_000}))
			runtime.ReadMemStats(&after)
			good, reasons := 0, ""
			for _, m := range got {
				if m.Err == nil {
					good++
					continue
				}
				reasons += m.Err.Error() + "\n"
				if !strings.Contains(m.Origin.String(), name) {
					t.Errorf("%s: %v", m.Origin, m.Err)
				}
			}
			if good != c.good+1 || !strings.Contains(reasons, c.want) || (c.want == "") != (reasons == "") {
				t.Errorf("%d articles, %q; want %d and %q", good, reasons, c.good+1, c.want)
			}
			if took := after.TotalAlloc - before.TotalAlloc; took > 24<<20 {
				t.Errorf("%d MB were taken", took>>20)
			}
		})
	}
}

// same gives one byte for ever.
type same byte

func (s same) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(s)
	}
	return len(b), nil
}

func TestLimit(t *testing.T) {
	big := strings.Repeat("x", 1000)
	dir := put(t, map[string]string{
		"a.txt":    big,
		"b.jsonl":  "{}\n" + big + big + "\n{}\n",
		"c.json":   `[{},"` + big + `",{}]`,
		"d.txt.gz": gz(t, big+big),
		"e.txt":    "small",
		"f.json":   `{"text":"` + big + `"}`,
	})
	got := readAll(t, open(t, files.Config{Paths: []string{dir}, MaxBytes: 500}))
	var lines []string
	for _, m := range got {
		if len(m.Value) > 500 {
			t.Errorf("%s: %d bytes kept", m.Origin, len(m.Value))
		}
		line := fmt.Sprintf("%s %v", filepath.Base(m.Origin.String()), m.Err != nil)
		if m.Err != nil && (!strings.Contains(m.Err.Error(), "500 bytes") || !strings.Contains(m.Err.Error(), "split it")) {
			t.Errorf("%s: %v", m.Origin, m.Err)
		}
		lines = append(lines, line)
	}
	want := []string{"a.txt true", "b.jsonl:1 false", "b.jsonl:2 true", "b.jsonl:3 false", "c.json:1 false", "c.json:1 true", "d.txt.gz true", "e.txt false", "f.json true"}
	if !slices.Equal(lines, want) {
		t.Errorf("got %q, want %q", lines, want)
	}
}

// TestLongArray: an array is streamed, so its size is no matter.
func TestLongArray(t *testing.T) {
	const n = 20000
	dir := put(t, map[string]string{"a.json": "[" + strings.Repeat("{\"text\":\"x\"},\n", n-1) + "{}]"})
	got := readAll(t, open(t, files.Config{Paths: []string{dir}, MaxBytes: 100}))
	if len(got) != n || got[n-1].Origin.Line != n || got[n-1].Err != nil {
		t.Fatalf("%d messages, the last %+v", len(got), got[len(got)-1])
	}
}

func TestLinks(t *testing.T) {
	dir := put(t, map[string]string{"real/a.txt": "A", "other/b.txt": "B"})
	for link, to := range map[string]string{
		"real/loop": "..", "real/b.txt": "../other/b.txt", "real/gone.txt": "../nothing.txt", "root": "real",
	} {
		if err := os.Symlink(filepath.FromSlash(to), filepath.Join(dir, filepath.FromSlash(link))); err != nil {
			t.Skip("no symbolic links here:", err)
		}
	}
	want := []string{"root/a.txt txt a A", "root/b.txt txt b B", "root/gone.txt txt gone  ERR"}
	check(t, dir, readAll(t, open(t, files.Config{Paths: []string{filepath.Join(dir, "root")}})), want)
}

// broken is a file system in which one file can't be opened, and one breaks off.
type broken struct{ fs.FS }

func (b broken) Open(name string) (fs.File, error) {
	if strings.HasPrefix(name, "in/closed") {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
	}
	f, err := b.FS.Open(name)
	if err == nil && strings.HasPrefix(name, "in/torn") {
		return torn{f}, nil
	}
	return f, err
}

type torn struct{ fs.File }

func (torn) Read([]byte) (int, error) { return 0, errors.New("disk fault") }

func TestUnreadable(t *testing.T) {
	fsys := broken{fstest.MapFS{
		"in/a.txt": {Data: []byte("A")}, "in/closed.txt": {Data: []byte("C")}, "in/torn.jsonl": {Data: []byte("{}")}, "in/torn.txt": {Data: []byte("T")},
		"in/z/a.txt": {Data: []byte("Z")},
	}}
	got := readAll(t, open(t, files.Config{Paths: []string{"in"}, FS: fsys}))
	check(t, "", got, []string{"in/a.txt txt a A", "in/closed.txt txt closed  ERR", "in/torn.jsonl:1 json   ERR", "in/torn.txt txt torn  ERR", "in/z/a.txt txt z/a Z"})
}

func TestStdin(t *testing.T) {
	tests := []struct {
		name, in string
		form     files.Form
		want     []string
	}{
		{"text", "The bridge is open.", "", []string{"- txt  The bridge is open."}},
		{"text that begins like JSON", "[Port Ada] The bridge is open.", "", []string{"- txt  [Port Ada] The bridge is open."}},
		{"lines", "{\"text\":\"1\"}\n{\"text\":\"2\"}\n", "", []string{`-:1 json  {"text":"1"}`, `-:2 json  {"text":"2"}`}},
		{"one object", "{\n\"text\":\"1\"\n}\n", "", []string{"- json  {\n\"text\":\"1\"\n}\n"}},
		{"array", " [ {\"text\":\"1\"},{\"text\":\"2\"}]", "", []string{`-:1 json  {"text":"1"}`, `-:1 json  {"text":"2"}`}},
		{"page", "\n<!doctype html><p>x", "", []string{"- html  \n<!doctype html><p>x"}},
		{"packed", gz(t, "{\"text\":\"1\"}\n"), "", []string{`-:1 json  {"text":"1"}`}},
		{"as it is told", "{\"text\":\"1\"}", files.TXT, []string{`- txt  {"text":"1"}`}},
		{"nothing", "", "", []string{"- txt  "}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := open(t, files.Config{Paths: []string{"-"}, Stdin: strings.NewReader(test.in), StdinForm: test.form})
			check(t, "", readAll(t, s), test.want)
			if s.Total() != -1 {
				t.Errorf("total %d", s.Total())
			}
		})
	}
}

// TestStdinLive: what comes in slowly goes on at once, and a blocked read ends with its context.
func TestStdinLive(t *testing.T) {
	pr, pw := io.Pipe()
	defer func() { _ = pw.Close() }()
	s := open(t, files.Config{Paths: []string{"-"}, Stdin: pr, StdinForm: files.JSONL})
	go func() { _, _ = pw.Write([]byte("{\"text\":\"1\"}\n")) }()
	b, err := s.Read(t.Context())
	if err != nil || len(b.Messages) != 1 {
		t.Fatalf("%v, %v", b, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if b, err := s.Read(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a blocked read returned %v, %v", b, err)
	}
}

func TestContract(t *testing.T) {
	pipelinetest.TestSource(t, pipelinetest.SourceTest{
		Put: func(t *testing.T, values [][]byte) func(*testing.T) pipeline.Source {
			dir := put(t, map[string]string{
				"a.jsonl":        string(bytes.Join(values[:len(values)/2], []byte("\n"))),
				"b.json":         string(values[len(values)/2]),
				"sub/c.jsonl.gz": gz(t, string(bytes.Join(values[len(values)/2+1:], []byte("\n")))+"\n"),
			})
			return func(t *testing.T) pipeline.Source {
				s, err := files.Open(files.Config{Paths: []string{dir}, BatchMessages: 6})
				if err != nil {
					t.Fatal(err)
				}
				return s
			}
		},
		Timeout: 10 * time.Second,
	})
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{"", "[{}]", "{}\n{}", "\ufeff[1,2", "\x1f\x8b\x08", "[[[[", "{\"a\":\n1}\n\n", "text"} {
		for _, form := range []string{"", "txt", "json", "jsonl", "html"} {
			f.Add([]byte(s), form)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte, form string) {
		if !slices.Contains([]string{"", "txt", "json", "jsonl", "html"}, form) {
			return
		}
		const limit = 64
		s, err := files.Open(files.Config{Paths: []string{"-"}, Stdin: bytes.NewReader(b), StdinForm: files.Form(form), MaxBytes: limit})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = s.Close() }()
		for n := 0; ; n++ {
			batch, err := s.Read(t.Context())
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range batch.Messages {
				if len(m.Value) > limit {
					t.Errorf("a message of %d bytes", len(m.Value))
				}
			}
			if n > len(b)+100000 {
				t.Fatal("no end")
			}
		}
	})
}
