package quote_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/datelinenews/dateline/extractor/coref"
	"github.com/datelinenews/dateline/extractor/ner"
	"github.com/datelinenews/dateline/extractor/quote"
	"github.com/datelinenews/dateline/extractor/text"
)

var parser = func() *text.Parser {
	p, err := text.NewParser()
	if err != nil {
		panic(err)
	}
	return p
}()

// marked parses an article in which names stand in [brackets] with a type: [Ana Bell]p, [KNU]o,
// [Oslo]l.
func marked(t testing.TB, src string) (*text.Doc, []ner.Mention) {
	t.Helper()
	var b strings.Builder
	var names []ner.Mention
	for {
		before, rest, ok := strings.Cut(src, "[")
		if !ok {
			break
		}
		name, after, ok := strings.Cut(rest, "]")
		if !ok || after == "" {
			t.Fatalf("bad brackets in %q", src)
		}
		b.WriteString(before)
		typ := map[byte]ner.Type{'p': ner.Person, 'o': ner.Organisation, 'l': ner.Place}[after[0]]
		if typ == 0 {
			t.Fatalf("no type after [%s]", name)
		}
		s := text.Span{Start: b.Len(), End: b.Len() + len(name)}
		b.WriteString(name)
		names = append(names, ner.Mention{Span: s, Text: name, Type: typ, Score: 1})
		src = after[1:]
	}
	b.WriteString(src)
	return parser.Parse(b.String(), 0), names
}

// render shows a quote as: kind "text" speaker (entity) cue.
func render(q quote.Quote, ents []coref.Entity) string {
	who := "-"
	if q.Speaker != nil && q.Speaker.Expression != nil {
		who = q.Speaker.Text
	}
	if q.Speaker != nil && q.Speaker.Entity != nil {
		who += " = " + ents[*q.Speaker.Entity].Name
	}
	return fmt.Sprintf("%s | %s | %s", q.Kind, q.Text, who)
}

func TestFind(t *testing.T) {
	for _, c := range []struct {
		name, in string
		want     []string
	}{
		{"after", `“We will rebuild the pier,” said [Ana Bell]p.`, []string{"direct | We will rebuild the pier, | Ana Bell = Ana Bell"}},
		{"after, subject first", `"We will rebuild the pier," [Ana Bell]p said on Monday.`, []string{"direct | We will rebuild the pier, | Ana Bell = Ana Bell"}},
		{"before", `[Ana Bell]p said: «We will rebuild the pier.»`, []string{"direct | We will rebuild the pier. | Ana Bell = Ana Bell"}},
		{"opened by one kind and closed by another", "[Ana Bell]p said: \"We will rebuild the pier.” She left.", []string{"direct | We will rebuild the pier. | Ana Bell = Ana Bell"}},
		{"TeX marks", "``We will rebuild the pier,'' said [Ana Bell]p.", []string{"direct | We will rebuild the pier, | Ana Bell = Ana Bell"}},
		{"short words after a dateline", `OSLO — “We leave tomorrow,” said [Ana Bell]p.`, []string{"direct | We leave tomorrow, | Ana Bell = Ana Bell"}},
		{"a short question", `“Will it hold?” asked [Ana Bell]p.`, []string{"direct | Will it hold? | Ana Bell = Ana Bell"}},
		{"single British marks", `‘We’ll rebuild the workers’ pier,’ said [Ana Bell]p.`, []string{"direct | We’ll rebuild the workers’ pier, | Ana Bell = Ana Bell"}},
		{"straight single marks", `'We don't want it,' said [Ana Bell]p.`, []string{"direct | We don't want it, | Ana Bell = Ana Bell"}},
		{"nested", `“He told me ‘never again’ and left,” said [Ana Bell]p.`, []string{"direct | He told me ‘never again’ and left, | Ana Bell = Ana Bell"}},
		{"interrupted", `“We will rebuild,” [Ana Bell]p said, “whatever it costs.”`, []string{"direct | We will rebuild, | Ana Bell = Ana Bell", "direct | whatever it costs. | Ana Bell = Ana Bell"}},
		{"chain in a paragraph", `“We will rebuild,” [Ana Bell]p said. “It will take years.”`, []string{"direct | We will rebuild, | Ana Bell = Ana Bell", "direct | It will take years. | Ana Bell = Ana Bell"}},
		{"question, then who asked", `“Who will pay for it?” [Ana Bell]p asked.`, []string{"direct | Who will pay for it? | Ana Bell = Ana Bell"}},
		{"several paragraphs", "“We will rebuild the pier,” [Ana Bell]p said. “It is old.\n\n“It is loved too.”", []string{
			"direct | We will rebuild the pier, | Ana Bell = Ana Bell", "direct | It is old. | Ana Bell = Ana Bell", "direct | It is loved too. | Ana Bell = Ana Bell"}},
		{"fragment", `[Ana Bell]p described the plan as “a gift to the whole town”.`, []string{"mixed | a gift to the whole town | Ana Bell = Ana Bell"}},
		{"pronoun", `[Ana Bell]p visited [Oslo]l. She said: “It rained every day.”`, []string{"direct | It rained every day. | She = Ana Bell"}},
		{"apposition and age", `[Ana Bell]p, 45, who leads the board, said: “It rained every day.”`, []string{"direct | It rained every day. | Ana Bell = Ana Bell"}},
		{"role before the name", `“It rained every day,” said harbour master [Ana Bell]p.`, []string{"direct | It rained every day, | harbour master Ana Bell = Ana Bell"}},
		{"name in apposition", `“It rained every day,” said the mayor, [Ana Bell]p.`, []string{"direct | It rained every day, | the mayor, Ana Bell = Ana Bell"}},
		{"a statement speaks for its issuer", `The [Harbour Union]o statement said: “The strike goes on.”`, []string{"direct | The strike goes on. | The Harbour Union statement = Harbour Union"}},
		{"spokesman of an organisation", `“The strike goes on,” a spokesman for [Harbour Union]o said.`, []string{"direct | The strike goes on, | a spokesman for Harbour Union = Harbour Union"}},
		{"according to", `The strike is “far from over”, according to [Ana Bell]p.`, []string{"mixed | far from over | Ana Bell = Ana Bell"}},
		{"passive", `The plan was described by [Ana Bell]p as “a gift to the whole town”.`, []string{"mixed | a gift to the whole town | Ana Bell = Ana Bell"}},
		{"participle", `[Ana Bell]p resigned in May, saying “the harbour needs a younger voice.”`, []string{"mixed | the harbour needs a younger voice. | Ana Bell = Ana Bell"}},
		{"quoted as saying", `[Reuters]o quoted [Ana Bell]p as saying: “The strike goes on.”`, []string{"direct | The strike goes on. | Ana Bell = Ana Bell"}},
		{"no speaker", `“Nobody knows what happened there that night.”`, []string{"direct | Nobody knows what happened there that night. | -"}},
		{"title of a work is no quote", `[Ana Bell]p wrote the novel “Salt Roads” in 1999.`, nil},
		{"nickname is no quote", `[Ana Bell]p, nicknamed “Harbour Queen”, retired in 1999.`, nil},
		{"inches are no marks", `The 5'10" swimmer and the 6'2" rower trained in [Oslo]l.`, nil},
		{"that", `[Ana Bell]p said on Friday that the pier would close in June.`, []string{"indirect | the pier would close in June | Ana Bell = Ana Bell"}},
		{"without that", `[Ana Bell]p said the pier would close in June.`, []string{"indirect | the pier would close in June | Ana Bell = Ana Bell"}},
		{"speaker at the end", `The pier will close in June, said [Ana Bell]p.`, []string{"indirect | The pier will close in June | Ana Bell = Ana Bell"}},
		{"according to, unmarked", `According to [Ana Bell]p, the pier will close in June.`, []string{"indirect | the pier will close in June | Ana Bell = Ana Bell"}},
		{"the one addressed", `[Ana Bell]p told reporters the pier would close in June.`, []string{"indirect | the pier would close in June | Ana Bell = Ana Bell"}},
		{"urged", `[Ana Bell]p urged the council to close the pier in June.`, []string{"indirect | the council to close the pier in June | Ana Bell = Ana Bell"}},
		{"two verbs of speaking", `[Ana Bell]p said the pier would close, and added that the crane was sold.`, []string{
			"indirect | the pier would close | Ana Bell = Ana Bell", "indirect | the crane was sold | Ana Bell = Ana Bell"}},
		{"two acts of one subject", `[Ana Bell]p said the pier would close and never asked the town.`, []string{"indirect | the pier would close and never asked the town | Ana Bell = Ana Bell"}},
		{"according to, in the middle", `The pier, according to [Ana Bell]p in March, is too old for ferries.`, []string{"indirect | is too old for ferries | Ana Bell = Ana Bell"}},
		{"per", `Per [Ana Bell]p, the pier will close in June.`, []string{"indirect | the pier will close in June | Ana Bell = Ana Bell"}},
		{"issued by", `According to a statement released on Friday by [Harbour Union]o, the pier will close in June.`, []string{"indirect | the pier will close in June | a statement = Harbour Union"}},
		{"half of those asked", `Half said the pier should stay open all night.`, []string{"indirect | the pier should stay open all night | Half"}},
		{"participle inside the subject", `A poll published Monday said the pier should stay open.`, []string{"indirect | the pier should stay open | A poll"}},
		{"introduced by the noun", `Professor [Ana Bell]p works in [Oslo]l. The [Oslo]l professor said: “It rained every day.”`, []string{"direct | It rained every day. | The Oslo professor = Ana Bell"}},
		{"a number is no time", `Police said 12 people were hurt on the pier.`, []string{"indirect | 12 people were hurt on the pier | Police"}},
		{"signed", "“It rained every day.” ― [Ana Bell]p\n“Nobody came to the pier.” — [Otto Bell]p", []string{"direct | It rained every day. | Ana Bell = Ana Bell", "direct | Nobody came to the pier. | Otto Bell = Otto Bell"}},
		{"it wrote", `“The pier was the pride of the town, and is no more,” it wrote.`, []string{"direct | The pier was the pride of the town, and is no more, | it"}},
		{"the letter read", `“The pier was the pride of the town, and is no more,” the letter read.`, []string{"direct | The pier was the pride of the town, and is no more, | the letter"}},
		{"single marks over paragraphs", "The family had a statement. His mother, [Ana Bell]p, said:\n\n‘It was an old pier.\n\n‘We want somebody to say that they read the letter.’\n\n[Otto Roe]p left.",
			[]string{"direct | It was an old pier. | Ana Bell = Ana Bell", "direct | We want somebody to say that they read the letter. | Ana Bell = Ana Bell"}},
		{"as she put it", `The pier is, as [Ana Bell]p put it, “a gift to the whole town”.`, []string{"mixed | a gift to the whole town | Ana Bell = Ana Bell"}},
		{"put it this way", `[Ana Bell]p put it this way: “The pier was never ours to sell.”`, []string{"direct | The pier was never ours to sell. | Ana Bell = Ana Bell"}},
		{"introduced by what she is", `[Ana Bell]p is the mayor of [Oslo]l. The mayor said: “It rained every day.”`, []string{"direct | It rained every day. | The mayor = Ana Bell"}},
		{"office before a title of another language", `The archbishop Monseñor [Otto Roe]p came. The archbishop said: “It rained every day.”`, []string{"direct | It rained every day. | The archbishop = Otto Roe"}},
		{"marks inside marks", `“They call it “the old liar” and swim,” said [Ana Bell]p.`, []string{"direct | They call it “the old liar” and swim, | Ana Bell = Ana Bell"}},
		{"participle after the subject", `Neighbours marching through the streets chanted: “Save the pier!”`, []string{"direct | Save the pier! | Neighbours"}},
		{"what is announced is no clause", `[Ana Bell]p announced a new pier for the town.`, nil},
		{"not said", `[Ana Bell]p did not say that the pier would close.`, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.name == "urged" && quote.Models()[0] == "open" {
				t.Skip("the articles that open learns from never count what somebody is urged to do")
			}
			doc, names := marked(t, c.in)
			ents, mentions := coref.Resolve(doc, names)
			var got []string
			for _, q := range quote.Find(doc, mentions, ents) {
				got = append(got, render(q, ents))
			}
			if fmt.Sprint(got) != fmt.Sprint(c.want) {
				t.Errorf("%s\n got %q\nwant %q", doc.Text, got, c.want)
			}
		})
	}
}

// TestTranscripts finds turns by their labels, and none in lists, guides and notes.
func TestTranscripts(t *testing.T) {
	for _, c := range []struct {
		name, in string
		want     []string
	}{
		{"capitals", "Mayor [Ana Bell]p spoke to [Otto Roe]p.\n\nROE: Will the pier hold?\n\nBELL: It will. I have stood on it.\n\nMy children have, too.\n\n(LAUGHTER)\n\nROE: And the crane?\n\nBELL: We sold it.\n\nThe crane was made in 1921.",
			[]string{"direct | Will the pier hold? | ROE = Otto Roe", "direct | It will. I have stood on it. | BELL = Ana Bell", "direct | My children have, too. | BELL = Ana Bell",
				"direct | And the crane? | ROE = Otto Roe", "direct | We sold it. | BELL = Ana Bell"}},
		{"names", "[Ana Bell]p: Why should we pay for the pier?\n\n[Otto Roe]p: You use it, Ana, and you called it “our street” once.\n\n[Ana Bell]p: I was young.",
			[]string{"direct | Why should we pay for the pier? | Ana Bell = Ana Bell", "direct | You use it, Ana, and you called it “our street” once. | Otto Roe = Otto Roe", "direct | I was young. | Ana Bell = Ana Bell"}},
		{"what each is, and a part", "MAYOR [ANA BELL]p, HARBOUR PARTY: We have no money.\n\nMODERATOR: Do you want some?\n\nBELL: Yes, we do.",
			[]string{"direct | We have no money. | MAYOR ANA BELL = Ana Bell", "direct | Do you want some? | MODERATOR", "direct | Yes, we do. | BELL = Ana Bell"}},
		{"announced", "Mayor [Ana Bell]p met [Otto Roe]p. This is from the interview.\n\nRoe: Will it hold?\n\nBell: I hope so, but who knows?",
			[]string{"direct | Will it hold? | Roe = Otto Roe", "direct | I hope so, but who knows? | Bell = Ana Bell"}},
		{"questions and answers", "[Ana Bell]p, who paints piers, met us in [Oslo]l.\n\nQ: Why do you paint piers?\n\nA: I like how they end.\n\nQ. Do you paint ships?\n\nA. We had none.",
			[]string{"direct | Why do you paint piers? | Q", "direct | I like how they end. | A = Ana Bell", "direct | Do you paint ships? | Q", "direct | We had none. | A = Ana Bell"}},
		{"in marks", "“ROE: Will she be there?\n\n“BELL: I will be there.\n\n“ROE: Are you sure?”\n\n[Ana Bell]p and [Otto Roe]p left.",
			[]string{"direct | Will she be there? | ROE = Otto Roe", "direct | I will be there. | BELL = Ana Bell", "direct | Are you sure? | ROE = Otto Roe"}},
		{"explained by questions", "[Ana Bell]p has closed the pier.\n\nQ: When does it open again?\n\nA: It opens in June.\n\nQ: Who pays?\n\nA: The town does.", nil},
		{"results", "[Ana Bell]p: 1,769 votes.\n\n[Otto Roe]p: 1,501 votes.\n\n[Ana Bell]p: 547 delegates.", nil},
		{"a guide", "Taxes\n\n[Bell]p: Would raise them if she is elected.\n\n[Roe]p: Would not say what he will do.\n\nPiers\n\n[Bell]p: Would build two, and says so.", nil},
		{"headings", "[Bell]p: What she must do.\n\n[Ana Bell]p needs votes in the north, and you can see why.\n\n[Roe]p: Is it over?\n\n[Otto Roe]p needs none.", nil},
		{"notes", "[Ana Bell]p has closed the pier.\n\nNOTE: You can see the pier from the town.\n\nCORRECTION: We wrote that it was open.\n\nNOTE: We were wrong.", nil},
		{"a headline", "[Bell]p: We are poor\n\n[Otto Roe]p: Are we?\n\nThe pier is old.", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			doc, names := marked(t, c.in)
			ents, mentions := coref.Resolve(doc, names)
			var got []string
			for _, q := range quote.Find(doc, mentions, ents) {
				if q.Kind != quote.Indirect {
					got = append(got, strings.TrimSuffix(render(q, ents), " | -"))
				}
			}
			if fmt.Sprint(got) != fmt.Sprint(c.want) {
				t.Errorf("%s\n got %q\nwant %q", doc.Text, got, c.want)
			}
		})
	}
}

// crude takes runs of capitalised words for names: enough to exercise the code on any text.
func crude(doc *text.Doc) []ner.Mention {
	var out []ner.Mention
	for i := 0; i < len(doc.Tokens); i++ {
		if !strings.HasPrefix(doc.Tokens[i].Tag, "NNP") {
			continue
		}
		j := i + 1
		for j < len(doc.Tokens) && j < i+5 && strings.HasPrefix(doc.Tokens[j].Tag, "NNP") {
			j++
		}
		s := text.Span{Start: doc.Tokens[i].Start, End: doc.Tokens[j-1].End}
		out = append(out, ner.Mention{Span: s, Text: s.In(doc.Text), Type: ner.Types()[len(s.In(doc.Text))%3]})
		i = j - 1
	}
	return out
}

// check fails where what Resolve and Find promise does not hold.
func check(t testing.TB, doc *text.Doc, ents []coref.Entity, mentions []ner.Mention, quotes []quote.Quote) {
	t.Helper()
	span := func(what string, s text.Span, surface string) {
		if s.Start < 0 || s.End > len(doc.Text) || s.Start >= s.End {
			t.Fatalf("%s: span %v outside the text of %d bytes", what, s, len(doc.Text))
		}
		if s.In(doc.Text) != surface {
			t.Fatalf("%s: text %q is not the surface %q", what, surface, s.In(doc.Text))
		}
		if !utf8.RuneStart(doc.Text[s.Start]) || s.End < len(doc.Text) && !utf8.RuneStart(doc.Text[s.End]) {
			t.Fatalf("%s: span %v cuts a rune", what, s)
		}
	}
	last := -1
	for i, m := range mentions {
		span("mention", m.Span, m.Text)
		if m.Start < last {
			t.Fatalf("mention %d out of order", i)
		}
		last = m.Start
		if m.Entity < 0 || m.Entity >= len(ents) {
			t.Fatalf("mention %d has entity %d of %d", i, m.Entity, len(ents))
		}
	}
	seen := 0
	first := -1
	for i, e := range ents {
		if e.ID != i || len(e.Mentions) == 0 || e.Name == "" || e.Key == "" {
			t.Fatalf("entity %d is incomplete: %+v", i, e)
		}
		if e.Mentions[0] <= first {
			t.Fatalf("entity %d is not in order of first mention", i)
		}
		first = e.Mentions[0]
		for _, m := range e.Mentions {
			if mentions[m].Entity != i {
				t.Fatalf("mention %d is not entity %d's", m, i)
			}
			seen++
		}
	}
	if seen != len(mentions) {
		t.Fatalf("%d mentions, %d in entities", len(mentions), seen)
	}
	last = -1
	for _, q := range quotes {
		span("quote", q.Span, q.Text)
		if q.Start < last {
			t.Fatalf("quotes out of order or overlapping at %d", q.Start)
		}
		last = q.End
		if q.Cue != nil {
			span("cue", q.Cue.Span, q.Cue.Text)
		}
		if q.Rule == "" || q.Score < 0 || q.Score > 1 {
			t.Fatalf("quote has rule %q, score %v", q.Rule, q.Score)
		}
		if s := q.Speaker; s != nil {
			if s.Entity != nil && (*s.Entity < 0 || *s.Entity >= len(ents)) {
				t.Fatalf("speaker %d of %d entities", *s.Entity, len(ents))
			}
			if s.Expression != nil {
				span("speaker", s.Span, s.Text)
			}
		}
	}
}

func FuzzFind(f *testing.F) {
	for _, s := range []string{
		"", "“", "\"\"", "said", "“a” said", "according to", "According to , said Ana.", "‘’‘’", "Ana Bell (AB) said \"x", "“A.\n\n“B.\n\n“C.” said Bo, 5, who said, said.",
		"He said, she said, “it said,” they said: 'no' ``yes''.", "Bell, Bell, and Bell said (Bell) and said.", "«Ж»\u00a0сказал Ж. É—É", "to say as saying said by said",
		"\"ROE: Will “you” go?\n\n\"BELL: I ‘will.\n\nQ. You?\n\n(LAUGHTER)\n\nA: I said “no”.\"", "Q: I?\n\nA: \n\nA: “I”\n\nQ: «we» (I)",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !utf8.ValidString(s) {
			t.Skip("articles are valid UTF-8")
		}
		doc := parser.Parse(s, 0)
		ents, mentions := coref.Resolve(doc, crude(doc))
		check(t, doc, ents, mentions, quote.Find(doc, mentions, ents))
	})
}

// sample is an invented article of the length of many.
var sample = func() string {
	const para = `The Harbour Workers' Union (HWU) said on Monday that its members would strike for three days over the sale of the old pier. “We were never asked,” said Ana Bell, the union's general secretary. “Nobody from the company came to us, and nobody will.” She told reporters in Port Carrow that the pier, which was built in 1911, belonged to the town.

Carrow Estates, the buyer, called the strike “a threat to the whole coast”. Its chief executive, Tomas Okonjo-Reyes, said: "We have a contract and we intend to keep it.” According to Mr Okonjo-Reyes, work on 240 flats will start in June. The council declined to comment.

`
	return para
}()

// BenchmarkResolveAndFind shows that time grows in step with the article.
func BenchmarkResolveAndFind(b *testing.B) {
	for _, times := range []int{1, 10, 100} {
		doc := parser.Parse(strings.Repeat(sample, times*5), 0)
		names := crude(doc)
		b.Run(fmt.Sprintf("%d words", len(strings.Fields(doc.Text))), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				ents, mentions := coref.Resolve(doc, names)
				quote.Find(doc, mentions, ents)
			}
			b.ReportMetric(float64(b.N)*float64(len(strings.Fields(doc.Text)))/b.Elapsed().Seconds(), "words/s")
		})
	}
}

// TestLinear runs the shapes that tempt an implementation into quadratic time; the sizes are such
// that it would not return.
func TestLinear(t *testing.T) {
	if testing.Short() {
		t.Skip("large texts")
	}
	const n = 20000
	var many strings.Builder
	for i := range n {
		fmt.Fprintf(&many, "Name%d Surname%d met Surname%d. ", i, i%7, i%7)
	}
	for name, s := range map[string]string{
		"marks":    strings.Repeat("\" ", n),
		"open":     strings.Repeat("“a ", n),
		"single":   strings.Repeat("'a ", n),
		"commas":   strings.Repeat("Ana, ", n) + "said.",
		"cues":     strings.Repeat("said ", n),
		"names":    many.String(),
		"quotes":   strings.Repeat("“No way,” he said. ", n),
		"acronyms": strings.Repeat("ABC DEF (GHI) JKL Union. ", n/4),
		"brackets": strings.Repeat("(", n) + " said " + strings.Repeat(")", n) + " said",
		"he":       "Ana Bell left. " + strings.Repeat("She said she went. ", n),
	} {
		t.Run(name, func(t *testing.T) {
			doc := parser.Parse(s, 0)
			ents, mentions := coref.Resolve(doc, crude(doc))
			check(t, doc, ents, mentions, quote.Find(doc, mentions, ents))
		})
	}
}
