package train

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/datelinenews/dateline/extractor/ner/internal/feature"
)

// TestVectors: every word finds its own vector, to a 127th of its largest number, and marks and
// numbers have none.
func TestVectors(t *testing.T) {
	var words, vectors []string
	for i := range 500 {
		w := fmt.Sprintf("w%d", i)
		v := make([]string, dims)
		for j := range v {
			v[j] = fmt.Sprint(float64((i*(j+3))%41-20) / 10)
		}
		words, vectors = append(words, `"`+w+`"`), append(vectors, `"`+w+`":[`+strings.Join(v, ",")+`]`)
	}
	in := `{"words":["7",` + strings.Join(words, ",") + `],"vectors":{"7":` + strings.TrimPrefix(vectors[0], `"w0":`) + `,` + strings.Join(vectors, ",") + `}}`
	b, err := Vectors(strings.NewReader(in), 400)
	if err != nil {
		t.Fatal(err)
	}
	table := b[len(vectorsMagic):]
	row, err := rowsOf(table)
	if err != nil {
		t.Fatal(err)
	}
	n, buckets := int(binary.LittleEndian.Uint32(table)), int(binary.LittleEndian.Uint32(table[4:]))
	if n != 400 || len(table) != 12+4*(buckets+1)+8*n+dims*n {
		t.Fatalf("%d rows in %d bytes", n, len(table))
	}
	scales := table[12+4*(buckets+1)+4*n:]
	for i := range 400 {
		r := row(feature.Hash(fmt.Sprintf("w%d", i)))
		if r < 0 {
			t.Fatalf("w%d has no row", i)
		}
		var scale float32
		if _, err := binary.Decode(scales[4*r:], binary.LittleEndian, &scale); err != nil {
			t.Fatal(err)
		}
		for j := range dims {
			want := float32((i*(j+3))%41-20) / 10
			if got := float32(int8(scales[4*n+r*dims+j])) * scale; abs32(got-want) > scale*0.51 {
				t.Fatalf("w%d, number %d: %g, want %g", i, j, got, want)
			}
		}
	}
	for _, w := range []string{"7", "w400", "x"} {
		if r := row(feature.Hash(w)); r >= 0 {
			t.Errorf("%s has row %d", w, r)
		}
	}
	if _, err := rowsOf(table[:40]); err == nil {
		t.Error("a table cut short: no error")
	}
}

func abs32(x float32) float32 { return max(x, -x) }

// writeData writes a folder of tiny corpora.
func writeData(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	write := func(name, body string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(body), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	const columns = "Ana\tB-PER\nRuiz\tI-PER\nleft\tO\nLagos\tB-LOC\n.\tO\n\nThe\tO\nHarbour\tB-ORG\nUnion\tI-ORG\nmet\tO\nAna\tB-PER\n.\tO\n\n"
	for _, c := range corpora {
		for _, f := range c.files {
			write("data/ner/"+f, columns)
		}
	}
	for _, f := range developmentFiles {
		write("data/ner/"+f+".tsv", columns)
	}
	for name, s := range map[string]string{
		"cities_geonames_ccby4.tsv": "Quito\nOslo\n", "corpora_english_towns_cc0.tsv": "Bath\n", "corpora_us_cities_cc0.tsv": "Reno\n",
		"countries_pddl.tsv": "Peru\nMali\n", "forenames_by_country_cc0.tsv": "Ana\nEva\n", "surnames_by_country_cc0.tsv": "Ruiz\nKim\n",
	} {
		write("data/gazetteers/"+name, s)
	}
	write("gold/wikinews-train/a.json", `{"text":"Ana Ruiz left Lagos on Monday.","url":"http://news.example/wiki/A",
		"entities":[{"type":"PER","mentions":[{"start":0,"end":8}]},{"type":"LOC","mentions":[{"start":14,"end":19}]}]}`)
	write("data/news/n.jsonl", `{"url":"https://news.example/wiki/A","text":"Ana Ruiz left Lagos on Monday."}
{"url":"https://news.example/wiki/B","text":"Li Wei flew to Oslo."}
{"url":"https://news.example/wiki/C","sents":[["Li","Wei","'s","plane",".","..."],["It","left","."]]}
`)
	write("data/quotes/train.jsonl", `{"id":"q","text":"The union spoke."}`+"\n")
	return dir
}

// TestDump: the arrays fit together, the annotated are learnt from, and no article that is annotated
// is raw text as well.
func TestDump(t *testing.T) {
	data, out := writeData(t), t.TempDir()
	tables := feature.Marshal(feature.BuildTable([]uint64{1}, []uint64{1}, feature.ClusterBits), feature.BuildShortTable([]uint64{1}, []uint64{1}))
	vectors := appendTable([]byte(vectorsMagic), []uint64{feature.Hash("ana"), feature.Hash("left")}, make([]float32, 2*dims), dims)
	p := Dump{Model: "open", Data: data, Sport: 3, Seed: 1, Least: 3, Keep: 1000, Log: t.Logf}
	if err := p.Write(tables, vectors, out); err != nil {
		t.Fatal(err)
	}
	read := func(name string) []byte {
		t.Helper()
		b, err := os.ReadFile(filepath.Join(out, name))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	i32 := func(name string) []int {
		var v []int
		for c := range slices.Chunk(read(name), 4) {
			v = append(v, int(int32(binary.LittleEndian.Uint32(c))))
		}
		return v
	}
	var all []dumped
	if err := json.Unmarshal(read("corpora.json"), &all); err != nil {
		t.Fatal(err)
	}
	docs, tokens, raw := 0, 0, 0
	for _, c := range all {
		docs, tokens = docs+c.Docs, tokens+c.Tokens
		if c.Name == "worldwide" || c.Name == "polnear" {
			t.Errorf("the open model has %s", c.Name)
		}
		if c.Role == roleRaw {
			raw += c.Docs
		}
	}
	if raw != 2 {
		t.Errorf("%d raw articles, want 2: those that nobody has annotated", raw)
	}
	rows := i32("docs.i32")
	if len(rows) != 5*(docs+1) || rows[len(rows)-1] != tokens {
		t.Fatalf("%d numbers for %d texts of %d tokens, the last is %d", len(rows), docs, tokens, rows[len(rows)-1])
	}
	keys := len(read("keys.u64")) / 8
	features, ends := i32("features.i32"), read("ends.i64")
	for _, c := range []struct {
		name      string
		got, want int
	}{{"tags.u8", len(read("tags.u8")), tokens}, {"words.i32", len(i32("words.i32")), tokens}, {"memory.i32", len(i32("memory.i32")), tokens},
		{"ends.i64", len(ends), 8 * tokens}, {"identity.u8", len(read("identity.u8")), keys}, {"features.i32", len(features), int(binary.LittleEndian.Uint64(ends[len(ends)-8:]))}} {
		if c.got != c.want {
			t.Errorf("%s has %d numbers, want %d", c.name, c.got, c.want)
		}
	}
	if m := slices.Max(features); m >= keys || keys < 20 || slices.Min(features) != 0 {
		t.Errorf("features to %d of %d", m, keys)
	}
	if n := slices.Max(i32("words.i32")); n != 1 {
		t.Errorf("the last vector is %d, want 1", n)
	}
	news := p
	news.Model = "news"
	if err := news.Write(tables, vectors, t.TempDir()); err != nil {
		t.Error(err)
	}
	if err := p.Write(tables, []byte("no vectors"), t.TempDir()); err == nil {
		t.Error("a file that holds no vectors: no error")
	}
}
