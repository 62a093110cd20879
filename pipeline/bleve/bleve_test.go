package bleve

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/datelinenews/dateline/pipeline"
	"github.com/datelinenews/dateline/pipeline/pipelinetest"
	"github.com/datelinenews/dateline/pipeline/search"
)

func filled(t *testing.T, n int) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "index")
	x, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var recs []pipeline.Record
	for i := range n {
		recs = append(recs, pipelinetest.NewRecord(fmt.Sprintf("a%d", i), 1000, "Ann Brook", "Bo Reed"))
	}
	if err := x.Write(t.Context(), recs); err != nil {
		t.Fatal(err)
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestReopen(t *testing.T) {
	dir := filled(t, 3)
	one, two := opened(t, dir, Options{ReadOnly: true}), opened(t, dir, Options{ReadOnly: true})
	for _, x := range []*Index{one, two} {
		if articles, quotes, err := x.Count(t.Context()); articles != 3 || quotes != 6 || err != nil {
			t.Errorf("%d articles, %d quotes, %v, want 3 and 6", articles, quotes, err)
		}
	}
	if err := one.Write(t.Context(), []pipeline.Record{pipelinetest.NewRecord("b", 0)}); err == nil {
		t.Error("a read-only index can be written to")
	}
	if _, err := Open(dir, Options{Wait: 50 * time.Millisecond}); !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), "another process is reading it") {
		t.Errorf("Open for writing beside readers returns %v, want ErrLocked", err)
	}
}

func TestLocked(t *testing.T) {
	dir := filled(t, 1)
	x := opened(t, dir, Options{})
	for _, readOnly := range []bool{false, true} {
		start := time.Now()
		_, err := Open(dir, Options{Wait: 100 * time.Millisecond, ReadOnly: readOnly})
		if !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), fmt.Sprintf("process %d (", os.Getpid())) {
			t.Errorf("Open returns %v, want ErrLocked and the process", err)
		}
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("Open took %s", took)
		}
	}
	// The first one goes on.
	if err := x.Write(t.Context(), []pipeline.Record{pipelinetest.NewRecord("b", 0)}); err != nil {
		t.Error(err)
	}
}

func TestNotAFolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "story.txt")
	if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path, Options{}); err == nil || !strings.Contains(err.Error(), "story.txt is no folder: choose another (--index)") {
		t.Errorf("Open of a file returns %v", err)
	}
}

func TestNotAnIndex(t *testing.T) {
	write := func(path, text string) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			t.Helper()
			if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, path)), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, path), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	format := func(version int) func(t *testing.T, dir string) {
		return write(formatFile, fmt.Sprintf(`{"format":"dateline-index","version":%d}`, version))
	}
	for _, c := range []struct {
		name    string
		prepare func(t *testing.T, dir string)
		o       Options
		want    error
	}{
		{"nothing to read", func(*testing.T, string) {}, Options{ReadOnly: true}, ErrMissing},
		{"another folder", write("holiday.jpg", "x"), Options{}, ErrForeign},
		{"another folder to read", write("holiday.jpg", "x"), Options{ReadOnly: true}, ErrForeign},
		{"another file of the same name", write(formatFile, `{"format":"x"}`), Options{}, ErrForeign},
		{"no JSON", write(formatFile, `x`), Options{}, ErrForeign},
		{"a later version", format(FormatVersion + 1), Options{}, ErrVersion},
		{"only begun, to read", format(FormatVersion), Options{ReadOnly: true}, ErrMissing},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "d")
			c.prepare(t, dir)
			x, err := Open(dir, c.o)
			if !errors.Is(err, c.want) {
				t.Errorf("Open returns %v, want %v", err, c.want)
			}
			if err == nil {
				x.Close()
			}
		})
	}
	t.Run("only begun", func(t *testing.T) {
		dir := t.TempDir()
		format(FormatVersion)(t, dir)
		write(newFolder+"/index_meta.json", `{"sto`)(t, dir)
		opened(t, dir, Options{})
	})
}

func TestDamaged(t *testing.T) {
	for _, c := range []struct {
		file   string
		damage func(b []byte) []byte
	}{
		{"*.zap", func(b []byte) []byte { return b[:len(b)/2] }},
		{"*.zap", func([]byte) []byte { return nil }},
		{"root.bolt", func(b []byte) []byte { return make([]byte, len(b)) }},
		{"root.bolt", func(b []byte) []byte { return b[:100] }},
		{"../index_meta.json", func([]byte) []byte { return []byte("{") }},
	} {
		dir := filled(t, 20)
		paths, err := filepath.Glob(filepath.Join(dir, dataFolder, "store", c.file))
		if err != nil || len(paths) == 0 {
			t.Fatalf("no %s in the index: %v", c.file, err)
		}
		for _, p := range paths {
			b, err := os.ReadFile(p)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(p, c.damage(b), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		x, err := Open(dir, Options{})
		if !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: Open returns %v, want ErrDamaged", c.file, err)
		}
		if err == nil {
			x.Close()
		}
	}
}

func TestOneWriteManyRevisions(t *testing.T) {
	x := opened(t, t.TempDir(), Options{})
	recs := []pipeline.Record{
		pipelinetest.NewRecord("a", 2000, "Ann Brook", "Bo Reed", "Cy Marsh"), pipelinetest.NewRecord("a", 3000, "Bo Reed"),
		pipelinetest.NewRecord("a", 1000, "Di Fox"),
	}
	if err := x.Write(t.Context(), recs); err != nil {
		t.Fatal(err)
	}
	res, err := x.Quotes(t.Context(), search.Query{})
	if err != nil || res.Total != 1 || res.Hits[0].Speaker != "Bo Reed" {
		t.Errorf("quotes %+v, %v, want Bo Reed's", res, err)
	}
}

// TestKillWriter kills a process that writes, again and again: whatever it had acknowledged is there,
// and every article has all its quotes and no others.
func TestKillWriter(t *testing.T) {
	if dir := os.Getenv("DATELINE_TEST_INDEX"); dir != "" {
		writeForEver(t, dir)
	}
	dir := filepath.Join(t.TempDir(), "index")
	acknowledged := map[string]int64{}
	for round := range 3 {
		cmd := exec.Command(os.Args[0], "-test.run=^TestKillWriter$")
		cmd.Env = append(os.Environ(), "DATELINE_TEST_INDEX="+dir, fmt.Sprintf("DATELINE_TEST_ROUND=%d", round))
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		cmd.Stderr = os.Stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for n := 0; n < 15 && lines.Scan(); {
			var id string
			var revision int64
			if _, err := fmt.Sscanf(lines.Text(), "stored %s %d", &id, &revision); err == nil {
				acknowledged[id] = revision
				n++
			}
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		for lines.Scan() { // what it said before it died counts too
			var id string
			var revision int64
			if _, err := fmt.Sscanf(lines.Text(), "stored %s %d", &id, &revision); err == nil {
				acknowledged[id] = revision
			}
		}
		_ = cmd.Wait() // killed
		check(t, dir, acknowledged)
	}
	if len(acknowledged) < 5 {
		t.Errorf("only %d articles: the test shows nothing", len(acknowledged))
	}
}

// writeForEver writes growing and shrinking revisions, and says which are stored.
func writeForEver(t *testing.T, dir string) {
	x, err := Open(dir, Options{Wait: 30 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	base := time.Now().UnixMilli()
	for i := int64(0); ; i++ {
		id, people := fmt.Sprintf("a%d", i%7), []string{"Ann Brook", "Bo Reed", "Cy Marsh"}[:i%4]
		r := pipelinetest.NewRecord(id, base+i, people...)
		if err := x.Write(t.Context(), []pipeline.Record{r}); err != nil {
			t.Fatal(err)
		}
		fmt.Printf("stored %s %d\n", id, r.Revision)
	}
}

func check(t *testing.T, dir string, acknowledged map[string]int64) {
	t.Helper()
	x, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	for id, revision := range acknowledged {
		r, err := x.Get(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if r.Revision < revision {
			t.Errorf("%s is of revision %d, acknowledged was %d", id, r.Revision, revision)
		}
	}
	res, err := x.Search(t.Context(), search.Query{Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	quotes := 0
	for _, h := range res.Hits {
		quotes += len(h.Record.Quotes)
	}
	all, err := x.Quotes(t.Context(), search.Query{Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	if all.Total != quotes {
		t.Errorf("%d quotes are in the index, and %d in its articles", all.Total, quotes)
	}
}

func BenchmarkWrite(b *testing.B) {
	x, err := Open(filepath.Join(b.TempDir(), "index"), Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer x.Close()
	n := 0
	for b.Loop() {
		var recs []pipeline.Record
		for range 100 {
			r := pipelinetest.NewRecord(fmt.Sprintf("a%d", n), 1000, "Ann Brook", "Bo Reed", "Cy Marsh", "Di Fox")
			r.Text += strings.Repeat(" The storm passed in the north, and the bridge was opened to traffic again on Monday.", 35)
			recs = append(recs, r)
			n++
		}
		if err := x.Write(b.Context(), recs); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Minutes(), "articles/min")
}

// A disk that fills up: the write fails and says so, reading goes on, and once there is room, what failed
// can be written after all.
func TestWriteFails(t *testing.T) {
	dir := filled(t, 3)
	x := opened(t, dir, Options{})
	store := filepath.Join(dir, dataFolder, "store")
	var inTheWay []string
	block := func() { // a folder where the library would put its next segments
		entries, err := os.ReadDir(store)
		if err != nil {
			t.Fatal(err)
		}
		last := uint64(0)
		for _, e := range entries {
			if n, err := strconv.ParseUint(strings.TrimSuffix(e.Name(), ".zap"), 16, 64); err == nil {
				last = max(last, n)
			}
		}
		for i := range uint64(3) {
			p := filepath.Join(store, fmt.Sprintf("%012x.zap", last+1+i))
			if err := os.MkdirAll(filepath.Join(p, "in-the-way"), 0o755); err != nil {
				t.Fatal(err)
			}
			inTheWay = append(inTheWay, p)
		}
	}
	rec := []pipeline.Record{pipelinetest.NewRecord("late", 1000, "Ann Brook")}
	for range 3 {
		block()
		if err := x.Write(t.Context(), rec); err == nil {
			t.Fatal("Write returns no error although nothing can be written")
		}
		if articles, _, err := x.Count(t.Context()); articles != 3 || err != nil {
			t.Fatalf("%d articles, %v, want the 3 of before", articles, err)
		}
		if _, err := x.Search(t.Context(), search.Query{Persons: []string{"Ann Brook"}, Facets: 3}); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range inTheWay {
		if err := os.RemoveAll(p); err != nil {
			t.Fatal(err)
		}
	}
	if err := x.Write(t.Context(), rec); err != nil {
		t.Fatal(err)
	}
	if articles, _, err := x.Count(t.Context()); articles != 4 || err != nil {
		t.Errorf("%d articles, %v, want 4", articles, err)
	}
}
