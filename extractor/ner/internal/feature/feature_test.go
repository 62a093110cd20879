package feature

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/datelinenews/dateline/extractor/text"
)

func testTables(t testing.TB) *Tables {
	t.Helper()
	clusters := BuildTable([]uint64{Hash("union"), Hash("the")}, []uint64{1<<30 | 2<<22 | 3<<12 | 4, 5}, ClusterBits)
	lists := BuildShortTable([]uint64{Phrase([]string{"Port"}), Phrase([]string{"Port", "Levant"}), Phrase([]string{"Ana"})},
		[]uint64{Prefix, City, Forename})
	tables, err := Load(Marshal(clusters, lists))
	if err != nil {
		t.Fatal(err)
	}
	return tables
}

func TestShortTable(t *testing.T) {
	var keys, values []uint64
	for i := range uint64(5000) {
		keys, values = append(keys, Hash(fmt.Sprint(i))), append(values, i*i%1009%700)
	}
	file := BuildShortTable(keys, values)
	table, err := newShortTable(file)
	if err != nil {
		t.Fatal(err)
	}
	for i, k := range keys {
		if v, ok := table.get(k); !ok || v != values[i] {
			t.Fatalf("key %d has the value %d (%v), want %d", i, v, ok, values[i])
		}
	}
	for i := range 100_000 {
		if v, ok := table.get(Hash(fmt.Sprint("none", i))); ok {
			t.Fatalf("a key that was never put in has the value %d", v)
		}
	}
	for _, n := range []int{0, 3, 4, 100, len(file) - 1} {
		if _, err := newShortTable(file[:n]); err == nil {
			t.Errorf("the first %d of %d bytes are read without an error", n, len(file))
		}
	}
	file[0]-- // a value too few
	if _, err := newShortTable(file); err == nil {
		t.Error("numbers of values that are not there are read without an error")
	}
	empty, err := newShortTable(BuildShortTable(nil, nil))
	if err != nil {
		t.Fatal(err)
	}
	if v, ok := empty.get(keys[0]); ok {
		t.Errorf("a table without keys gives %d", v)
	}
}

func TestTables(t *testing.T) {
	tables := testTables(t)
	if v, ok := tables.clusters.get(Hash("union")); !ok || v != 1<<30|2<<22|3<<12|4 {
		t.Errorf("union: %x, %v", v, ok)
	}
	if _, ok := tables.clusters.get(Hash("levant")); ok {
		t.Error("levant has clusters")
	}
	if v, ok := tables.lists.get(Phrase([]string{"PORT", "levant"})); !ok || v != City {
		t.Errorf("Port Levant: %x, %v", v, ok)
	}
	for _, b := range [][]byte{nil, []byte(Magic), []byte(Magic + "\xff\xff\xff\xff\xff\xff\xff\xff")} {
		if _, err := Load(b); err == nil {
			t.Errorf("Load(%q): no error", b)
		}
	}
}

func TestLowerHash(t *testing.T) {
	for _, s := range []string{"", "Lagos", "ÉCOLE", "Őr", "İzmir", "a\xffB"} {
		if lowerHash(s) != Hash(strings.ToLower(s)) && !strings.Contains(s, "\xff") && s != "İzmir" {
			t.Errorf("lowerHash(%q) is not the hash of its lower case", s)
		}
	}
}

func parse(t testing.TB, src string) *text.Doc {
	t.Helper()
	p, err := text.NewParser()
	if err != nil {
		t.Fatal(err)
	}
	return p.Parse(src, 0)
}

func TestModes(t *testing.T) {
	for _, c := range []struct {
		in   string
		want []Mode
	}{
		{"The mayor of Lagos met Ana Ruiz in Paris.", []Mode{Normal}},
		{"Mayor Of Lagos Meets Ana Ruiz In Paris", []Mode{TitleCase}},
		{"MAYOR OF LAGOS MEETS ANA RUIZ", []Mode{AllCaps}},
		{"the mayor of lagos met ana ruiz on Monday", []Mode{LowerCase}},
		{"The mayor of lagos met ana ruiz. She was late, on Monday.", []Mode{LowerCase, LowerCase}},
		{"FLOODS HIT LAGOS AND IBADAN\n\nThe mayor of Lagos met Ana Ruiz of the United Nations.", []Mode{AllCaps, Normal}},
	} {
		if got := modes(parse(t, c.in), nil); !slices.Equal(got, c.want) {
			t.Errorf("%q: %v, want %v", c.in, got, c.want)
		}
	}
}

func TestAcronym(t *testing.T) {
	d := NewDoc(testTables(t))
	for _, c := range []struct{ in, want string }{
		{"The Northern Farmers' Union (NFU) met.", "Northern Farmers' Union"},
		{"He runs the Bureau of the Interior (BI) now.", "Bureau of the Interior"},
		{"The mayor (ANC) spoke.", ""},
		{"They met Ana Ruiz (NFU).", ""},
	} {
		doc := parse(t, c.in)
		d.Analyse(doc)
		got := ""
		for _, l := range d.types {
			if l.longEnd > 0 {
				got = doc.Text[doc.Tokens[l.long].Start:doc.Tokens[l.longEnd-1].End]
			}
		}
		if got != c.want {
			t.Errorf("%q: %q, want %q", c.in, got, c.want)
		}
	}
}

func TestLists(t *testing.T) {
	d := NewDoc(testTables(t))
	doc := parse(t, "Ana saw Port Levant, the port and Port Said.")
	d.Analyse(doc)
	for i, tok := range doc.Tokens {
		want := uint64(0)
		if i == 2 || i == 3 {
			want = City
		}
		if d.lists[i] != want {
			t.Errorf("%s: lists %x, want %x", tok.Text, d.lists[i], want)
		}
	}
}

// FuzzAnalyse: any text has features, the same each time, whatever the scratch memory held before.
func FuzzAnalyse(f *testing.F) {
	f.Add("The Northern Farmers' Union (NFU) met in Port Levant.", "Another text\n\nALTOGETHER DIFFERENT HERE")
	tables := testTables(f)
	p, err := text.NewParser()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, src, before string) {
		all := func(d *Doc) []uint64 {
			doc := p.Parse(src, 0)
			d.Analyse(doc)
			var out []uint64
			for s := range doc.Sentences {
				sent := &doc.Sentences[s]
				for i := sent.FirstToken; i < sent.EndToken; i++ {
					for o := -Reach; o <= Reach; o++ {
						out = d.AppendWord(out, d.Neighbour(sent, i, o), o)
					}
					out = d.AppendToken(out, s, i)
					out = d.AppendOwnToken(d.AppendOwnWord(out, d.Word(i)), s, i)
				}
			}
			d.Release()
			return out
		}
		used := NewDoc(tables)
		used.Analyse(p.Parse(before, 0))
		used.Release()
		if fresh, again := all(NewDoc(tables)), all(used); !slices.Equal(fresh, again) {
			t.Errorf("features depend on the text before: %d and %d", len(fresh), len(again))
		}
	})
}

// TestOwn: a token's own features don't depend on its neighbours, but on its place, on lists and on
// the article.
func TestOwn(t *testing.T) {
	d := NewDoc(testTables(t))
	own := func(src, word string) []uint64 {
		doc := parse(t, src)
		d.Analyse(doc)
		for i, tok := range doc.Tokens {
			if tok.Text == word {
				return d.AppendOwnToken(d.AppendOwnWord(nil, d.Word(i)), tok.Sentence, i)
			}
		}
		t.Fatalf("no %q in %q", word, src)
		return nil
	}
	base := own("The mayor saw Levant there.", "Levant")
	if other := own("They say that Levant won.", "Levant"); !slices.Equal(base, other) {
		t.Error("neighbours change a token's own features")
	}
	for what, src := range map[string]string{
		"a place in a list":           "The mayor saw Port Levant there.",
		"another use":                 "The mayor saw Levant there. He likes Levant now.",
		"the start of a sentence":     "Levant saw the mayor there.",
		"a sentence in capitals only": "THE MAYOR SAW Levant IN TOWN NOW.",
	} {
		if other := own(src, "Levant"); slices.Equal(base, other) {
			t.Errorf("%s changes nothing", what)
		}
	}
	own("The mayor saw Levant there.", "Levant")
	if d.Lower(d.Word(0)) != Hash("the") {
		t.Error("Lower is not the hash of the lower case")
	}
}
