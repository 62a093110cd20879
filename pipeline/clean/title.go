package clean

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// headline is the article's title. A page has up to five: the JSON-LD headline, og:title, the cards'
// title, the <h1> and the <title>. They agree on four pages of five, but for the site's name at the
// end of some; where they don't, each is a headline that an editor wrote (for the page, for search
// engines, for social networks), and no rule can tell which one somebody calls the title. So the
// order is one of trust, and what the others are good for is to clean the one that is chosen: see
// withoutSuffix, cutTo and whole. The publisher's usual one, where it is known, comes before all.
func headline(t tags, ld meta, source, usual string) string {
	sites := []string{source, t.meta["og:site_name"], ld.source, t.meta["application-name"]}
	var chosen string
	for _, candidate := range []string{
		usual, ld.title, t.meta["og:title"], t.meta["twitter:title"], t.meta["dc.title"], t.meta["parsely-title"],
	} {
		candidate = withoutSuffix(unmarkedTitle(first(candidate)), sites...)
		if candidate != "" && !isSite(candidate, sites) { // careless templates put the site's name there
			chosen = candidate
			break
		}
	}
	h1 := ""
	for _, s := range t.h1 { // a page may have many: the one that the others speak of, else the first
		if s = first(s); h1 == "" || begins(chosen, s) || begins(t.title, s) || begins(s, chosen) {
			if isSite(s, sites) {
				continue
			}
			h1 = s
			if begins(chosen, s) || begins(t.title, s) {
				break
			}
		}
	}
	if chosen == "" {
		if h1 != "" {
			return h1
		}
		chosen = withoutSuffix(first(t.title), sites...)
		if chosen == first(t.title) || strings.Contains(chosen, " | ") {
			return withoutSite(chosen)
		}
		return chosen
	}
	return whole(cutTo(chosen, h1), h1, first(t.title))
}

var titleTag = regexp.MustCompile(`(?i)</?(?:a|b|i|em|strong|span|p|br|sub|sup|font|u|q|cite)\b[^<>]*>`)

// unmarkedTitle is a title without tags, which some publishers leave in their metadata. A "<" alone is
// none.
func unmarkedTitle(s string) string {
	if !titleTag.MatchString(s) {
		return s
	}
	return strings.Join(strings.Fields(titleTag.ReplaceAllString(s, "")), " ")
}

// isSite reports whether a title is but the name of the site.
func isSite(title string, sites []string) bool {
	for _, s := range sites {
		if s != "" && sameWords(title, s) {
			return true
		}
	}
	return false
}

// begins reports whether s begins with prefix, in letters and digits, which has some.
func begins(s, prefix string) bool {
	p := letters(prefix)
	return p != "" && strings.HasPrefix(letters(s), p)
}

// cutTo drops from a title what follows the page's own headline and a separator: the site, the
// section, the author; and then, too, what comes before the headline: its topic.
func cutTo(title, h1 string) string {
	want := letters(h1)
	if len(want) < 12 {
		return title
	}
	at := strings.Index(letters(title), want)
	if at < 0 {
		return title
	}
	n, start := 0, 0 // letters that are passed, and where the headline starts
	for i, r := range title {
		if n == at+len(want) {
			rest := title[i:]
			for _, sep := range separators {
				if j := strings.Index(rest, sep); j >= 0 && letters(rest[:j]) == "" {
					return strings.TrimSpace(title[start : i+j])
				}
			}
			return title
		}
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			n += utf8.RuneLen(unicode.ToLower(r))
			continue
		}
		if n == at && at > 0 && unicode.IsSpace(r) {
			start = i + utf8.RuneLen(r)
		}
	}
	return title
}

// whole is the longer headline that a title which was cut short begins, else the title.
func whole(title string, longer ...string) string {
	head, dots := strings.CutSuffix(title, "...")
	if !dots {
		head, dots = strings.CutSuffix(title, "…")
	}
	if dots {
		for _, l := range longer {
			if begins(l, head) && !sameWords(l, head) {
				return withoutSite(l)
			}
		}
	}
	return title
}

// withoutSuffix drops one of the names from a title's end, with what joins it. A name may be there
// in another form: without its article or its domain.
func withoutSuffix(title string, names ...string) string {
	for _, sep := range separators {
		i := strings.LastIndex(title, sep)
		if i <= 0 {
			continue
		}
		for _, name := range names {
			if name != "" && sameName(title[i+len(sep):], name) {
				return title[:i]
			}
		}
	}
	return title
}

// sameName reports whether two strings name one site: "Times of India" and "The Times of India",
// "Globalnews.ca" and "Global News", "CBC News" and "CBC".
func sameName(a, b string) bool {
	a, b = siteName(a), siteName(b)
	return a != "" && a == b
}

func siteName(s string) string {
	s = strings.ToLower(strings.TrimSpace(s))
	if i := strings.LastIndexByte(s, '.'); i > 0 && len(s)-i <= 4 && !strings.Contains(s[i:], " ") {
		s = s[:i] // .com
		s = strings.TrimSuffix(s, ".co")
	}
	s = strings.TrimPrefix(s, "the ")
	for _, end := range []string{" online", " news"} {
		s = strings.TrimSuffix(s, end)
	}
	return letters(s)
}

// separators stand between a headline and the site's name.
var separators = []string{" | ", " — ", " – ", " - ", " :: ", " * ", " • ", " · ", " » "}

// withoutSite drops the site's name from a <title>: "Headline | The Paper", "Headline - The Paper".
// Bars don't stand in headlines, so what follows the first is section and site; dashes do.
func withoutSite(title string) string {
	for _, sep := range separators {
		i := strings.LastIndex(title, sep)
		if !strings.ContainsAny(sep, "—–-") {
			i = strings.Index(title, sep)
		}
		if i > 0 && len(strings.Fields(title[:i])) >= 3 {
			return title[:i]
		}
	}
	return title
}
