package train

import (
	_ "embed"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/datelinenews/dateline/extractor/ner"
	"github.com/datelinenews/dateline/extractor/text"
)

// sportLines are the patterns of sportPages: a line each; {team}, {person}, {brand} and {country},
// {city} are names, the other words in braces are filled in. Lines with ! are headings.
//
//go:embed data/sport.tsv
var sportLines string

// sportPages writes pages of results and tables as agencies send them: invented matches between
// real towns, by invented people. Annotated news has next to none of these, and without them a
// team is taken for its town. dir holds the word lists.
func sportPages(dir string, n int, seed uint64) ([]Text, error) {
	g := &sportWriter{rng: rand.New(rand.NewPCG(seed, 5))}
	for _, l := range []struct {
		file   string
		column int
		into   *[]string
	}{
		{"cities_geonames_ccby4.tsv", 0, &g.cities}, {"corpora_english_towns_cc0.tsv", 0, &g.cities}, {"corpora_us_cities_cc0.tsv", 0, &g.cities},
		{"countries_pddl.tsv", 0, &g.countries}, {"forenames_by_country_cc0.tsv", 0, &g.forenames}, {"surnames_by_country_cc0.tsv", 0, &g.surnames},
	} {
		err := readLines(filepath.Join(dir, l.file), func(c []string) {
			s := strings.TrimSpace(c[l.column])
			if len(s) > 2 && plainName(s) {
				*l.into = append(*l.into, s)
			}
		})
		if err != nil {
			return nil, fmt.Errorf("write sport pages: %w", err)
		}
	}
	for line := range strings.Lines(sportLines) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || line[0] == '#':
		case line[0] == '!':
			g.headings = append(g.headings, line[1:])
		case strings.HasPrefix(line, "{"), strings.HasPrefix(line, "1. "), strings.HasPrefix(line, "At "):
			g.rows = append(g.rows, line)
		default:
			g.prose = append(g.prose, line)
		}
	}
	var out []Text
	for i := range n {
		out = append(out, g.page(fmt.Sprintf("sport-%04d", i)))
	}
	return out, nil
}

// plainName reports whether a list's entry is a name in Latin letters without additions.
func plainName(s string) bool {
	for _, r := range s {
		if !unicode.Is(unicode.Latin, r) && r != ' ' && r != '-' && r != '\'' {
			return false
		}
	}
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.IsUpper(r)
}

type sportWriter struct {
	rng                                    *rand.Rand
	cities, countries, forenames, surnames []string
	headings, rows, prose                  []string
	b                                      strings.Builder
	names                                  []Name
	teams                                  []string // that play on the page
	upper                                  bool
}

func pick(g *sportWriter, from []string) string { return from[g.rng.IntN(len(from))] }

func (g *sportWriter) page(id string) Text {
	g.b.Reset()
	g.names, g.teams = nil, nil
	national := g.rng.IntN(8) == 0
	for range 6 + g.rng.IntN(10) {
		if national {
			g.teams = append(g.teams, pick(g, g.countries))
		} else {
			g.teams = append(g.teams, g.club())
		}
	}
	g.line(pick(g, g.headings), true)
	g.line("{city} 1996-08-{day}", false)
	capitals := g.rng.IntN(5) == 0
	for range 2 + g.rng.IntN(3) {
		for range g.rng.IntN(3) {
			g.line(pick(g, g.prose), false)
		}
		row := pick(g, g.rows)
		for range 3 + g.rng.IntN(5) {
			g.line(row, capitals)
		}
	}
	return Text{ID: id, Text: g.b.String(), Names: g.names}
}

func (g *sportWriter) club() string {
	c := pick(g, g.cities)
	switch g.rng.IntN(10) {
	case 0:
		return c + " " + pick(g, []string{"United", "City", "Town", "Rovers", "Athletic", "Wanderers", "County", "Albion"})
	case 1:
		return pick(g, []string{"FC", "Real", "Sporting", "Dynamo", "Racing", "AC", "Olympique"}) + " " + c
	case 2:
		return c + " " + pick(g, []string{"Bears", "Lions", "Eagles", "Sharks", "Bulls", "Giants", "Kings", "Falcons"})
	}
	return c
}

// line writes a paragraph after a pattern.
func (g *sportWriter) line(pattern string, upper bool) {
	g.upper = upper
	if g.b.Len() > 0 {
		g.b.WriteString("\n\n")
	}
	for pattern != "" {
		at := strings.IndexByte(pattern, '{')
		if at < 0 {
			g.plain(pattern)
			return
		}
		g.plain(pattern[:at])
		end := at + strings.IndexByte(pattern[at:], '}')
		g.slot(pattern[at+1 : end])
		pattern = pattern[end+1:]
	}
}

func (g *sportWriter) plain(s string) {
	if g.upper {
		s = strings.ToUpper(s)
	}
	g.b.WriteString(s)
}

func (g *sportWriter) slot(kind string) {
	switch kind {
	case "team":
		g.name(pick(g, g.teams), ner.Organisation)
	case "brand":
		g.name(pick(g, g.surnames), ner.Organisation)
	case "city":
		g.name(pick(g, g.cities), ner.Place)
	case "country":
		g.name(pick(g, g.countries), ner.Place)
	case "person":
		first := pick(g, g.forenames)
		if g.rng.IntN(4) == 0 {
			_, w := utf8.DecodeRuneInString(first)
			first = first[:w] + "."
		}
		g.name(first+" "+pick(g, g.surnames), ner.Person)
	case "surname":
		g.name(pick(g, g.surnames), ner.Person)
	case "n":
		g.plain(fmt.Sprint(g.rng.IntN(7)))
	case "nn":
		g.plain(fmt.Sprint(10 + g.rng.IntN(80)))
	case "nnn":
		g.plain(fmt.Sprint(100 + g.rng.IntN(400)))
	case "day":
		g.plain(fmt.Sprintf("%02d", 1+g.rng.IntN(30)))
	case "weekday":
		g.plain(pick(g, []string{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"}))
	}
}

func (g *sportWriter) name(s string, t ner.Type) {
	start := g.b.Len()
	g.plain(s)
	g.names = append(g.names, Name{Span: text.Span{Start: start, End: g.b.Len()}, Type: t})
}
