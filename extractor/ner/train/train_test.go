package train

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/datelinenews/dateline/extractor/ner"
	"github.com/datelinenews/dateline/extractor/ner/internal/feature"
	"github.com/datelinenews/dateline/extractor/ner/internal/linear"
	"github.com/datelinenews/dateline/extractor/text"
)

// shown writes a text's names as "person:Ana Ruiz|place:Lima".
func shown(t *Text) string {
	var out []string
	for _, n := range t.Names {
		out = append(out, n.Type.String()+":"+n.In(t.Text))
	}
	return strings.Join(out, "|")
}

func TestReadColumns(t *testing.T) {
	dir := t.TempDir()
	write := func(name, s string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(s), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("MAPPING.json", `{"map": {"Human": "PER", "GPE": "LOC", "Thing": null}}`)
	write("a.tsv", "-DOCSTART- x\tO\n\nThe\tB-GPE\nHague\tI-GPE\n's\tI-GPE\nmayor\tO\n,\tO\nAna\tB-Human\nRuiz\tI-Human\n,\tO\nsaid\tO\n:\tO\n\"\tO\nYes\tO\n(\tO\nno\tO\n)\tO\n.\tO\n\"\tO\n\n"+
		"UN\tB-ORG\nTalks\tB-Thing\n-DOCSTART- y\tO\n\nOslo\tB-GPE\nLima\tB-GPE\n")
	got, err := ReadColumns(filepath.Join(dir, "a.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 {
		t.Fatalf("%d documents, want 2", len(got))
	}
	if want := "The Hague's mayor, Ana Ruiz, said: \"Yes (no).\"\n\nUN Talks"; got[0].Text != want {
		t.Errorf("text %q, want %q", got[0].Text, want)
	}
	if s, want := shown(&got[0]), "place:Hague|person:Ana Ruiz|organisation:UN"; s != want {
		t.Errorf("names %s, want %s", s, want)
	}
	if s, want := shown(&got[1]), "place:Oslo|place:Lima"; s != want {
		t.Errorf("names %s, want %s", s, want)
	}
	if _, err := ReadColumns(filepath.Join(dir, "none.tsv")); err == nil {
		t.Error("a file that is not there: no error")
	}
}

func TestJoinHyphens(t *testing.T) {
	var sent [][2]string
	for w := range strings.FieldsSeq("Akufo - Addo on March - It is 5 / 6 -") {
		sent = append(sent, [2]string{w, "O"})
	}
	if got, _ := join(sent, true); got != "Akufo-Addo on March - It is 5/6 -" {
		t.Errorf("with hyphens: %q", got)
	}
	if got, _ := join(sent, false); got != "Akufo - Addo on March - It is 5 / 6 -" {
		t.Errorf("without: %q", got)
	}
}

func TestReadArticles(t *testing.T) {
	dir := t.TempDir()
	if _, err := ReadArticles(dir); err == nil {
		t.Error("an empty folder: no error")
	}
	if err := os.WriteFile(filepath.Join(dir, "a.json"), []byte(`{"text":"“Köln” is the city’s name; ACME agrees.",
		"entities":[{"type":"ORG","optional":true,"mentions":[{"start":27,"end":31}]},{"type":"LOC","mentions":[{"start":1,"end":5}]}]}`), 0o644); err != nil {
		t.Fatal(err)
	}
	got, err := ReadArticles(dir)
	if err != nil {
		t.Fatal(err)
	}
	if s, want := shown(&got[0]), "place:Köln|organisation:ACME"; s != want || !got[0].Names[1].Optional || got[0].Names[0].Optional {
		t.Errorf("names %s, want %s: %+v", s, want, got[0].Names)
	}
}

func TestRecase(t *testing.T) {
	in := Text{Text: "The mayor’s aide met Łukasz in Paris.\n\nShe left the city."}
	for mode, want := range map[feature.Mode]string{
		feature.TitleCase: "The Mayor’s Aide Met Łukasz in Paris.\n\nShe left the city.",
		feature.AllCaps:   "THE MAYOR’S AIDE MET ŁUKASZ IN PARIS.\n\nShe left the city.",
		feature.LowerCase: "the mayor’s aide met łukasz in paris.\n\nShe left the city.",
		feature.Normal:    in.Text,
	} {
		got := recase(&in, func(p int) feature.Mode {
			if p == 0 {
				return mode
			}
			return feature.Normal
		})
		if got.Text != want || len(got.Text) != len(in.Text) {
			t.Errorf("mode %d: %q, want %q", mode, got.Text, want)
		}
	}
}

func TestCompare(t *testing.T) {
	span := func(s, e int) text.Span { return text.Span{Start: s, End: e} }
	gold := Text{Text: "The Hague met Ana Ruiz and ACME", Names: []Name{{span(4, 9), ner.Place, false}, {span(14, 22), ner.Person, false}, {span(27, 31), ner.Organisation, true}}}
	found := []ner.Mention{{Span: span(0, 9), Type: ner.Place}, {Span: span(14, 17), Type: ner.Person}, {Span: span(27, 31), Type: ner.Person}}
	s := Evaluate(func(*text.Doc) []ner.Mention { return found }, []Text{gold}, []*text.Doc{nil})
	if want := (Score{Right: 1, Found: 2, Gold: 2}); s[0] != want {
		t.Errorf("all types: %+v, want %+v", s[0], want)
	}
	if s[ner.Person].Right != 0 || s[ner.Place].F1() != 100 || s[ner.Organisation] != (Score{}) {
		t.Errorf("by type: %+v", s)
	}
}

// small is a corpus of invented sentences.
func small() []Text {
	people := []string{"Ana Ruiz", "Joseph Mwangi", "Li Wei", "Erik Lindqvist", "Priya Sharma"}
	places := []string{"Lagos", "Oslo", "Port Levant", "Quito", "Hanoi"}
	bodies := []string{"Ministry of Health", "Harbour Union", "Orion Motors", "Red Shield", "Delta Bank"}
	var out []Text
	for i := range 25 {
		p, l, o := people[i%5], places[(i+i/5)%5], bodies[(i*2+i/5)%5]
		t := Text{ID: fmt.Sprint(i)}
		add := func(s string, typ ner.Type) {
			if typ != 0 {
				t.Names = append(t.Names, Name{Span: text.Span{Start: len(t.Text), End: len(t.Text) + len(s)}, Type: typ})
			}
			t.Text += s
		}
		add(p, ner.Person)
		add(" of the ", 0)
		add(o, ner.Organisation)
		add(" flew to ", 0)
		add(l, ner.Place)
		add(" on Monday. The rain went on.", 0)
		out = append(out, t)
	}
	return out
}

// fitSmall trains on the small corpus and gives the file of the model.
func fitSmall(t *testing.T, tables []byte, seed uint64) []byte {
	t.Helper()
	loaded, err := feature.Load(tables)
	if err != nil {
		t.Fatal(err)
	}
	parser, err := text.NewParser()
	if err != nil {
		t.Fatal(err)
	}
	vs := variants(&corpus{name: "small", texts: small(), weight: 1, recased: 0.5, apart: 7}, rand.New(rand.NewPCG(seed, 0)))
	ex, keys, counts := newCollector(loaded, parser).examples(vs, 2, map[string]*Mapped{})
	c := newCRF(len(keys))
	var losses []float64
	c.fit(ex, Settings{Epochs: 6, Rate: 0.1, Dropout: 0.1, Seed: seed}, func(_ int, loss float64) { losses = append(losses, loss) })
	if losses[5] > losses[0]/4 {
		t.Errorf("the loss falls from %g to %g only", losses[0], losses[5])
	}
	features, rows := strongest(c, keys, counts, 3000)
	return linear.Build(features, rows, &c.tw)
}

// TestTraining: what is learnt is found again, and the same seed gives the same bytes.
func TestTraining(t *testing.T) {
	tables := feature.Marshal(feature.BuildTable([]uint64{1}, []uint64{1}, feature.ClusterBits), feature.BuildShortTable([]uint64{1}, []uint64{1}))
	b := fitSmall(t, tables, 1)
	if !bytes.Equal(b, fitSmall(t, tables, 1)) {
		t.Error("two runs with one seed differ")
	}
	if bytes.Equal(b, fitSmall(t, tables, 2)) {
		t.Error("two seeds give the same bytes")
	}
	m, err := ner.Load("small", tables, b)
	if err != nil {
		t.Fatal(err)
	}
	check, err := NewCheck("small", small())
	if err != nil {
		t.Fatal(err)
	}
	if s := check.Score(m); s[0].F1() < 99 || s[0].Gold != 75 {
		t.Errorf("on what it was trained on: %v, %d names", s, s[0].Gold)
	}
	if over, right := check.Confidence(m); over == 0 || right > over {
		t.Errorf("%d of %d", right, over)
	}
}

// TestCalibration: scores ascend, and what scores over 0.9 is right 95 times in 100 on each set.
func TestCalibration(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	for name, chance := range map[string]func(p float64) float64{
		"honest":        func(p float64) float64 { return p },
		"too confident": func(p float64) float64 { return p * p * p },
		"too modest":    func(p float64) float64 { return (3 + p) / 4 },
		"never sure":    func(float64) float64 { return 0.5 },
	} {
		var o []outcome
		for range 5000 {
			p := rng.Float64()
			o = append(o, outcome{p, rng.Float64() < chance(p)})
		}
		sortOutcomes(o)
		c := points(o, sureFrom(o))
		for i := 1; i < len(c); i++ {
			if c[i][0] < c[i-1][0] || c[i][1] < c[i-1][1] {
				t.Fatalf("%s: point %d does not ascend: %v", name, i, c)
			}
		}
		file, err := linear.Recalibrate(linear.Build(nil, nil, &linear.Transitions{}), c)
		if err != nil {
			t.Fatal(err)
		}
		w, err := linear.Load(file)
		if err != nil {
			t.Fatal(err)
		}
		over, right := 0, 0
		for _, x := range o {
			if w.Calibrated(float32(x.p)) > 0.9 {
				over++
				if x.right {
					right++
				}
			}
		}
		if float64(right) < 0.95*float64(over) {
			t.Errorf("%s: %d of %d over 0.9 are right", name, right, over)
		}
		if sure := name != "never sure"; sure != (over > 50) {
			t.Errorf("%s: %d names over 0.9", name, over)
		}
	}
}

// TestSportPages: the pages are annotated to the byte, and the same for the same seed.
func TestSportPages(t *testing.T) {
	dir := t.TempDir()
	for name, s := range map[string]string{
		"cities_geonames_ccby4.tsv": "#name\nQuito\nOslo\nÉvora\n", "corpora_english_towns_cc0.tsv": "Bath\n", "corpora_us_cities_cc0.tsv": "Reno\n",
		"countries_pddl.tsv": "#name\nPeru\nMali\n", "forenames_by_country_cc0.tsv": "Ana\nÉva\n", "surnames_by_country_cc0.tsv": "Ruiz\nKim\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(s), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	pages, err := sportPages(dir, 40, 1)
	if err != nil {
		t.Fatal(err)
	}
	again, err := sportPages(dir, 40, 1)
	if err != nil {
		t.Fatal(err)
	}
	if len(pages) != 40 {
		t.Fatalf("%d pages", len(pages))
	}
	for i, p := range pages {
		if p.Text != again[i].Text {
			t.Fatal("two runs with one seed differ")
		}
		if len(p.Names) < 5 || !utf8.ValidString(p.Text) || strings.ContainsAny(p.Text, "{}") {
			t.Fatalf("page %d: %d names: %s", i, len(p.Names), p.Text)
		}
		for _, n := range p.Names {
			if s := n.In(p.Text); s == "" || s != strings.TrimSpace(s) {
				t.Fatalf("name %q in %s", s, p.Text)
			}
		}
	}
	if _, err := sportPages(t.TempDir(), 1, 1); err == nil {
		t.Error("no word lists: no error")
	}
}

// TestClusters groups vectors that lie in two directions.
func TestClusters(t *testing.T) {
	var words, vectors []string
	for i := range 9000 {
		w := fmt.Sprintf("w%d", i)
		v := make([]string, dims)
		for j := range v {
			v[j] = fmt.Sprint((i*(j+1)*7919)%13 - 6)
			if (i%2 == 0) == (j < dims/2) {
				v[j] = fmt.Sprint(60 + (i*j)%7)
			}
		}
		words, vectors = append(words, `"`+w+`"`), append(vectors, `"`+w+`":[`+strings.Join(v, ",")+`]`)
	}
	in := `{"words":[` + strings.Join(words, ",") + `],"vectors":{` + strings.Join(vectors, ",") + `}}`
	if testing.Short() {
		t.Skip("k-means of 4096 centres takes seconds")
	}
	var out bytes.Buffer
	if err := Clusters(strings.NewReader(in), &out, 9000, 9000, func(string) {}); err != nil {
		t.Fatal(err)
	}
	side := map[string]int{} // of a coarse cluster: the parity of its words
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 9000 {
		t.Fatalf("%d lines", len(lines))
	}
	for i, line := range lines {
		p := strings.Split(line, "\t")
		if len(p) != 5 || p[0] != fmt.Sprintf("w%d", i) {
			t.Fatalf("line %q", line)
		}
		if s, ok := side[p[1]]; ok && s != i%2 {
			t.Fatalf("cluster %s holds both kinds", p[1])
		}
		side[p[1]] = i % 2
	}
	if err := Clusters(strings.NewReader(`{"words":["a"],"vectors":{"a":[1]}}`), &out, 1, 1, func(string) {}); err == nil {
		t.Error("a short vector: no error")
	}
}
