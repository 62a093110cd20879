package text

import (
	"os"
	"strings"
	"testing"
	"unicode/utf8"
)

func parser(t testing.TB) *Parser {
	t.Helper()
	p, err := NewParser()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestTokens(t *testing.T) {
	p := parser(t)
	for _, c := range []struct{ in, want string }{
		{"The U.S.-led force", "The|U.S.|-|led|force"},
		{"Akufo-Addo/Mahama", "Akufo|-|Addo|/|Mahama"},
		{"O'Sullivan met N'Djamena's D'Mello.", "O'Sullivan|met|N'Djamena|'s|D'Mello|."},
		{"They met Kim. Later Lee.", "They|met|Kim|.|Later|Lee|."},
		{"Dr. Smith of Apple Inc. said", "Dr.|Smith|of|Apple|Inc.|said"},
		{"He said: “I’m 5”—she didn't.", "He|said|:|“|I|’m|5|”|—|she|did|n't|."},
		{"the Women’s League", "the|Women|’s|League"},
		{"ministers' meeting in the '90s", "ministers|'|meeting|in|the|'90s"},
		{"$5m, 1,234.5 and 10:30", "$|5m|,|1,234.5|and|10:30"},
		{"‘A ceasefire’ (NMSP - AD)", "‘|A|ceasefire|’|(|NMSP|-|AD|)"},
		{"it ended.The army", "it|ended|.|The|army"},
		{"write to x.y@z.org or www.a.b/c-d", "write|to|x.y@z.org|or|www.a.b/c-d"},
		{"AT&T wait… and so... on", "AT&T|wait|…|and|so|...|on"},
		{"🙂Ana and«Le Monde»", "🙂|Ana|and|«|Le|Monde|»"},
		{"J.K. Rowling, J. Smith", "J.K.|Rowling|,|J.|Smith"},
		{"a\u00a0b\u200bc", "a|b|c"},
	} {
		var got []string
		for _, tok := range p.Parse(c.in, 0).Tokens {
			got = append(got, tok.Text)
		}
		if g := strings.Join(got, "|"); g != c.want {
			t.Errorf("%q:\n got %s\nwant %s", c.in, g, c.want)
		}
	}
}

func TestSentences(t *testing.T) {
	p := parser(t)
	for _, c := range []struct {
		in   string
		want []string
	}{
		{"Gen. Ali spoke. “Why?” he asked. Nobody answered.", []string{"Gen. Ali spoke.", "“Why?” he asked.", "Nobody answered."}},
		{"A line.\nAnother line.\n\nA block", []string{"A line.", "Another line.", "A block"}},
		{"A line that goes\non here.", []string{"A line that goes\non here."}},
	} {
		var got []string
		d := p.Parse(c.in, 0)
		for _, s := range d.Sentences {
			got = append(got, s.In(c.in))
		}
		if strings.Join(got, "|") != strings.Join(c.want, "|") {
			t.Errorf("%q: got %q, want %q", c.in, got, c.want)
		}
	}
}

// check holds what every Doc promises.
func check(t *testing.T, src string, d *Doc) {
	t.Helper()
	last, valid := 0, utf8.ValidString(src)
	for i, tok := range d.Tokens {
		if tok.Start < last || tok.End <= tok.Start || tok.End > len(src) {
			t.Fatalf("token %d %v out of order or range", i, tok.Span)
		}
		if tok.In(src) != tok.Text {
			t.Fatalf("token %d: %q is not at its span", i, tok.Text)
		}
		if valid && !utf8.ValidString(tok.Text) {
			t.Fatalf("token %d %q cuts a rune", i, tok.Text)
		}
		if s := d.Sentences[tok.Sentence]; i < s.FirstToken || i >= s.EndToken {
			t.Fatalf("token %d says sentence %d, which holds %d to %d", i, tok.Sentence, s.FirstToken, s.EndToken)
		}
		last = tok.End
	}
	next := 0
	for i, s := range d.Sentences {
		if s.FirstToken != next || s.EndToken <= next {
			t.Fatalf("sentence %d holds %d to %d after %d", i, s.FirstToken, s.EndToken, next)
		}
		next = s.EndToken
	}
	if next != len(d.Tokens) {
		t.Fatalf("sentences end at token %d of %d", next, len(d.Tokens))
	}
	next = 0
	for i, para := range d.Paragraphs {
		if para.FirstSentence != next || para.EndSentence <= next {
			t.Fatalf("paragraph %d holds %d to %d after %d", i, para.FirstSentence, para.EndSentence, next)
		}
		next = para.EndSentence
	}
	if next != len(d.Sentences) {
		t.Fatalf("paragraphs end at sentence %d of %d", next, len(d.Sentences))
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"", "A “b” c.\n\nD's e\u00a0f.", "''``\"'", strings.Repeat("(", 600), "é’s\r\n\r\nİ", "\xff\xfe a"} {
		f.Add(s, uint8(0))
	}
	p := parser(f)
	f.Fuzz(func(t *testing.T, src string, title uint8) {
		n := min(int(title), len(src))
		for n > 0 && n < len(src) && !utf8.RuneStart(src[n]) {
			n--
		}
		check(t, src, p.Parse(src, n))
	})
}

func BenchmarkParse(b *testing.B) {
	p := parser(b)
	src, err := os.ReadFile("../../testdata/articles/" + sample)
	if err != nil {
		b.Skip(err)
	}
	b.SetBytes(int64(len(src)))
	for b.Loop() {
		p.Parse(string(src), 0)
	}
}

const sample = "lakeside-accord.txt"
