package ner

import (
	"strings"
	"testing"

	"github.com/datelinenews/dateline/extractor/text"
)

// fixed is a Finder that finds what it is told.
type fixed []string // "person:Ana Ruiz"

func (f fixed) Find(doc *text.Doc) []Mention {
	var out []Mention
	at := 0
	for _, s := range f {
		kind, surface, _ := strings.Cut(s, ":")
		var t Type
		if err := t.UnmarshalText([]byte(kind)); err != nil {
			panic(err)
		}
		i := strings.Index(doc.Text[at:], surface)
		if i < 0 {
			panic("not in the text: " + surface)
		}
		span := text.Span{Start: at + i, End: at + i + len(surface)}
		out = append(out, Mention{Span: span, Text: surface, Type: t, Form: Name, Score: 0.5})
		at = span.End
	}
	return out
}

func dictionary(t testing.TB, lines string) *Dictionary {
	t.Helper()
	d, err := ReadDictionary(strings.NewReader(lines))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDictionary(t *testing.T) {
	p := parser(t)
	for _, c := range []struct {
		name, dict, in string
		found          fixed
		want           string
	}{
		{"a name that the model misses", "Quill\torganisation", "Quill met Ana.", fixed{"person:Ana"}, "organisation:Quill|person:Ana"},
		{"another type", "Jordan\tperson", "Jordan spoke.", fixed{"place:Jordan"}, "person:Jordan"},
		{"alias and American spelling", "Northern Farmers' Union\torgani" + "zation\tNFU | the Union\tQ1", "The NFU (Northern Farmers’ Union) met.", nil,
			"organisation:NFU|organisation:Northern Farmers’ Union"},
		{"the longest entry", "Lake\tplace\nLake Union\torganisation\nUnion\tplace", "Lake Union closed. Lake froze.", nil, "organisation:Lake Union|place:Lake"},
		{"over a part", "Saw Hla Tun\tperson", "Padoh Saw Hla Tun spoke", fixed{"organisation:Padoh Saw"}, "person:Saw Hla Tun"},
		{"not inside a longer name", "Okafor\tperson", "The Okafor Foundation and Okafor agreed.", fixed{"organisation:Okafor Foundation"},
			"organisation:Okafor Foundation|person:Okafor"},
		{"capitals", "Lake Union\torganisation", "LAKE UNION CLOSES; lake union", nil, "organisation:LAKE UNION"},
		{"only whole words", "Lima\tplace", "Limas and Lima's", nil, "place:Lima"},
		{"not across paragraphs", "Lake Union\torganisation", "at the Lake\n\nUnion men", nil, ""},
		{"stop", "Monday Club\tstop\tBlack Friday", "Monday Club on Black Friday in Lima", fixed{"organisation:Monday Club", "place:Lima"}, "place:Lima"},
		{"stop lets an entry through", "Okafor Foundation\tstop\nOkafor\tperson", "The Okafor Foundation", fixed{"organisation:Okafor Foundation"}, "person:Okafor"},
		{"comments", "# name\ttype\n\n\ufeff", "Lima", fixed{"place:Lima"}, "place:Lima"},
	} {
		o := NewOverride(c.found, nil)
		if strings.HasPrefix(c.dict, "# name") {
			c.dict = "\ufeff" + strings.TrimSuffix(c.dict, "\ufeff")
		}
		o.Set(dictionary(t, c.dict))
		doc := p.Parse(c.in, 0)
		got := o.Find(doc)
		checkMentions(t, doc, got)
		if short(got) != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, short(got), c.want)
		}
	}
}

func TestDictionaryEntry(t *testing.T) {
	d := dictionary(t, "Northern Farmers' Union\torganisation\tNFU\tQ1\nNFU\tplace\n")
	if e, ok := d.Entry(Organisation, "NFU"); !ok || e.ID != "Q1" || e.Name != "Northern Farmers' Union" {
		t.Errorf("Entry(organisation, NFU) = %+v, %v", e, ok)
	}
	if _, ok := d.Entry(Person, "NFU"); ok {
		t.Error("NFU is no person")
	}
	if d.Len() != 2 {
		t.Errorf("Len = %d, want 2", d.Len())
	}
}

func TestReadDictionaryErrors(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"Lima", "line 1: 1 columns"},
		{"Lima\tplace\nQuito\tcity", `line 2: type "city"`},
		{"\tplace", "line 1: no name"},
		{"a\tperson\tb\tc\td", "line 1: 5 columns"},
	} {
		_, err := ReadDictionary(strings.NewReader(c.in))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: error %v, want one with %q", c.in, err, c.want)
		}
	}
}

func FuzzDictionary(f *testing.F) {
	f.Add("Lake Union\torganisation\tLU|the Lake\nUnion\tstop\n", "The Lake Union (LU), of Lake\n\nUnion")
	m, err := Open("open")
	if err != nil {
		f.Fatal(err)
	}
	p := parser(f)
	f.Fuzz(func(t *testing.T, dict, src string) {
		d, err := ReadDictionary(strings.NewReader(dict))
		if err != nil {
			return
		}
		doc := p.Parse(src, 0)
		checkMentions(t, doc, NewOverride(m, d).Find(doc))
	})
}
