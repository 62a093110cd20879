package text

import (
	"fmt"
	"testing"
	"unicode/utf8"
)

func TestQuoted(t *testing.T) {
	p, err := NewParser()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, in string
		want     []string
	}{
		{"curly", `He said: “Yes.” She said: “No.”`, []string{"Yes.", "No."}},
		{"straight", `"Yes," he said, "and no."`, []string{"Yes,", "and no."}},
		{"guillemets", `«Yes,» he said.`, []string{"Yes,"}},
		{"TeX", "``Yes,'' he said.", []string{"Yes,"}},
		{"low opening", `„Yes,“ he said.`, []string{"Yes,"}},
		{"straight opens, curly closes", "\"Yes,” he said. “No.\"", []string{"Yes,", "No."}},
		{"lost space", `"Into the cloud, "said Ana. "Yes."`, []string{"Into the cloud,", "Yes."}},
		{"single", `‘Don’t go,’ he said.`, []string{"Don’t go,"}},
		{"single, straight, possessive inside", `'The workers' rights,' he said.`, []string{"The workers' rights,"}},
		{"single, paragraphs that open again", "‘One.\n\n‘Two.\n\n‘Three,’ he said.\n\n‘Four.", []string{"One.", "Two.", "Three,"}},
		{"apostrophes that open paragraphs", "’Tis late.\n\n’Tis early.\n\nHe left.", nil},
		{"apostrophes alone", `The workers' rights and the '90s aren't over.`, nil},
		{"nested", `“He said ‘no’ to me,” she said.`, []string{"He said ‘no’ to me,"}},
		{"double inside single", `‘He said “no” to me,’ she said.`, []string{"He said “no” to me,"}},
		{"inches", `The 5'10" man met the 6'2" woman.`, nil},
		{"paragraphs that open again", "“One.\n\n“Two.\n\n“Three,” he said.", []string{"One.", "Two.", "Three,"}},
		{"paragraphs that do not", "He said: “One.\n\nTwo.” Then he left.", []string{"One.\n\nTwo."}},
		{"left open", "He said: “One.\n\nThen he left, and “Two,” she said.", []string{"One.", "Two,"}},
		{"stray closing mark", "He left.” Then she said: “Two.”", []string{"Two."}},
		{"marks inside marks of one kind", `“They call it “the old liar” and swim,” she said. “We don’t.”`, []string{"They call it “the old liar” and swim,", "We don’t."}},
		{"straight marks inside straight marks", `"They call it "the old liar" and swim," she said. "We don't."`, []string{`They call it "the old liar" and swim,`, "We don't."}},
		{"twice inside", `“The “old” and the “new” pier,” she said.`, []string{"The “old” and the “new” pier,"}},
		{"a paragraph in marks that has marks", "\"They call it “the old liar” and swim.\n\n\"They call me “the young one” too.\n\nShe left, and “Two,” she said.", []string{"They call it “the old liar” and swim.", "They call me “the young one” too.", "Two,"}},
		{"a lost closing mark is no nesting", "“We go, he said. “We stay,” she said.\n\n“We stay,” they said.", []string{"We go, he said.", "We stay,", "We stay,"}},
		{"empty", `““”” ""`, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := p.Parse(c.in, 0)
			var got []string
			for _, q := range d.Quoted() {
				got = append(got, q.In(d.Text))
			}
			if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", c.want) {
				t.Errorf("%s\n got %q\nwant %q", c.in, got, c.want)
			}
		})
	}
}

func TestQuotedContinues(t *testing.T) {
	p, err := NewParser()
	if err != nil {
		t.Fatal(err)
	}
	d := p.Parse("“One,” he said. “Two.\n\n“Three.”\n\n“Four,” she said.", 0)
	var got []bool
	for _, q := range d.Quoted() {
		got = append(got, q.Continues)
	}
	if want := []bool{false, false, true, false}; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("Continues: got %v, want %v", got, want)
	}
}

func FuzzQuoted(f *testing.F) {
	p, err := NewParser()
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{"“a” ‘b’ \"c\" 'd' ``e'' «f»", "“a\n\n“b\n\nc”", "\"\"\"'a%\"a0,”00\"'a' \"", "'“'”'"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !utf8.ValidString(s) {
			t.Skip("articles are valid UTF-8")
		}
		d := p.Parse(s, 0)
		last := 0
		for _, q := range d.Quoted() {
			if q.FirstToken >= q.EndToken || q.EndToken > len(d.Tokens) {
				t.Fatalf("tokens %d to %d of %d", q.FirstToken, q.EndToken, len(d.Tokens))
			}
			if q.Open.Start < last || q.Open.End > q.Start || q.End > q.Close.Start || q.Close.End > len(s) {
				t.Fatalf("marks %v and %v, stretch %v, after %d", q.Open, q.Close, q.Span, last)
			}
			last = q.Close.End
		}
	})
}
