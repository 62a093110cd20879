package ner

import (
	"strings"
	"testing"

	"github.com/datelinenews/dateline/extractor/text"
)

// found parses an article in which names stand in {braces} with a type before them (p, o, l), and a § after
// the title, and gives its mentions.
func found(t *testing.T, parser *text.Parser, src string) (*text.Doc, []Mention) {
	t.Helper()
	var b strings.Builder
	var out []Mention
	title, body, titled := strings.Cut(src, "§")
	titleEnd := 0
	if titled {
		b.WriteString(title + "\n\n")
		titleEnd, src = len(title), body
	}
	types := map[byte]Type{'p': Person, 'o': Organisation, 'l': Place}
	for {
		before, rest, ok := strings.Cut(src, "{")
		if !ok {
			break
		}
		name, after, ok := strings.Cut(rest, "}")
		if !ok {
			t.Fatalf("bad braces in %q", src)
		}
		typ := types[before[len(before)-1]]
		b.WriteString(before[:len(before)-1])
		out = append(out, Mention{Span: text.Span{Start: b.Len(), End: b.Len() + len(name)}, Text: name, Type: typ, Form: Name, Score: 0.9})
		b.WriteString(name)
		src = after
	}
	b.WriteString(src)
	return parser.Parse(b.String(), titleEnd), out
}

func TestConventions(t *testing.T) {
	parser, err := text.NewParser()
	if err != nil {
		t.Fatal(err)
	}
	letters := map[Type]string{Person: "p", Organisation: "o", Place: "l"}
	for _, c := range []struct{ name, in, want string }{
		{"agency in a dateline", `l{OSLO}, May 3 (l{Bay Courier}) - A bridge fell. p{Ana Bell} saw it.`, "l OSLO|o Bay Courier|p Ana Bell"},
		{"agency after an em dash", `l{OSLO} (p{Vale}) — A bridge fell.`, "l OSLO|o Vale"},
		{"region in brackets", `The bridge at l{Vale} (l{Norway}) fell.`, "l Vale|l Norway"},
		{"editors at the end", "A bridge fell.\n\n(Reporting by p{Ana Bell} and p{Bo Reed}; Editing by p{Cy Dunn})", ""},
		{"editors without brackets", "A bridge fell in l{Oslo}.\n\nAdditional reporting by p{Ana Bell}", "l Oslo"},
		{"what an agency's reporting has shown", "Reporting by the o{Courier} found that p{Ana Bell} knew.", "o Courier|p Ana Bell"},
		{"byline", "By p{ANA BELL}, Political Editor\n\nA bridge fell, p{Bo Reed} said.", "p Bo Reed"},
		{"byline with a place", "From p{Ana Bell}, l{Abuja}\n\nA bridge fell.", ""},
		{"byline of names alone", "A bridge fell§p{Ana Bell} and p{Bo Reed}, l{Lagos}\n\nA bridge fell.", "l Lagos"},
		{"names alone without a title", "p{Ana Bell}\n\nA bridge fell.", "p Ana Bell"},
		{"a name and a word", "A bridge fell§p{Ana Bell} left\n\nA bridge fell.", "p Ana Bell"},
		{"by at the start of a sentence", "By noon p{Ana Bell} had left.\n\nA bridge fell.", "p Ana Bell"},
		{"from at the start of a sentence", "From l{Oslo} p{Ana Bell} went to l{Vale}.", "l Oslo|p Ana Bell|l Vale"},
		{"a headline", "FROM l{OSLO} BY TRAIN", "l OSLO"},
		{"photographer", "A bridge fell.\n\nPHOTO: p{ANA BELL}/o{VALE IMAGES}", ""},
		{"who contributed", "A bridge fell.\n\no{Courier} writers p{Ana Bell} and p{Bo Reed} contributed to this report.", ""},
		{"who contributed to something else", "p{Ana Bell} contributed to the fund.", "p Ana Bell"},
		{"report at a paragraph's end", "p{Bo Reed} said it could not probe itself. —WITH A REPORT FROM p{ANA BELL}", "p Bo Reed"},
		{"sign-off", "A bridge fell in l{Vale}. o{PTI SKV MNR}", "l Vale"},
		{"short words in capitals", "A BRIDGE FELL IN l{LA PAZ}", "l LA PAZ"},
		{"party and state", "p{Ana Bell} (p{D-Minn}.) and p{Bo Reed}, o{R-Ohio}, left.", "p Ana Bell|p Bo Reed"},
		{"a road is no party", "The o{R-Ohio} fell.", "o R-Ohio"},
		{"firm of two surnames", "o{Acme} and p{Johnson} & p{Johnson} fell.", "o Acme|o Johnson & Johnson"},
		{"firm taken for a person", "p{Ernst & Young} audits it.", "o Ernst & Young"},
		{"firm and its half", "p{Quaker} & o{Sons LLC} fell.", "o Quaker & Sons LLC"},
		{"a firm's analyst", "p{Reed Dunn} analyst p{Ana Bell} and p{Vale} spokesman p{Bo Reed} left.", "o Reed Dunn|p Ana Bell|p Vale|p Bo Reed"},
		{"list of given names", "p{Ann}, p{Wyatt} & p{Zach} left.", "p Ann|p Wyatt|p Zach"},
		{"couple", "p{Chip} & p{Joanna Gaines} left.", "p Chip|p Joanna Gaines"},
		{"letters after a name", "p{Fiona Bell KC}, prosecuting, and p{Hal Dunn OBE} left.", "p Fiona Bell|p Hal Dunn"},
		{"letters that are the surname", "p{Fiona AM} left.", "p Fiona AM"},
		{"compass", "He fled l{southern Vale State} for l{South Korea}.", "l Vale State|l South Korea"},
		{"dateline with a region", "l{NAHA, Vale Prefecture}--A bridge fell in l{Washington, D.C.} today.", "l NAHA|l Vale Prefecture|l Washington, D.C."},
	} {
		t.Run(c.name, func(t *testing.T) {
			doc, mentions := found(t, parser, c.in)
			var got []string
			end := 0
			for _, m := range conventions(doc, mentions) {
				if m.In(doc.Text) != m.Text || m.Start < end {
					t.Errorf("%q is at %v, after %d", m.Text, m.Span, end)
				}
				end = m.End
				got = append(got, letters[m.Type]+" "+m.Text)
			}
			if g := strings.Join(got, "|"); g != c.want {
				t.Errorf("%s, want %s", g, c.want)
			}
		})
	}
}
