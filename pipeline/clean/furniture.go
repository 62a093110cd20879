package clean

import (
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// furniture are words in the names (class, id) that pages give to what stands in and around an
// article without being part of it.
var furniture = map[string]bool{
	"ad": true, "ads": true, "advert": true, "advertisement": true, "advertising": true, "sponsored": true,
	"newsletter": true, "newsletters": true, "signup": true, "subscribe": true, "subscription": true, "donation": true, "donate": true,
	"comments": true, "disqus": true, "social": true, "share": true, "sharing": true, "breadcrumb": true, "breadcrumbs": true,
	"caption": true, "figcaption": true, "byline": true, "bylines": true, "biography": true, "promo": true, "recirc": true,
	"recirculation": true, "skip": true, "outbrain": true, "taboola": true, "popular": true, "recommended": true, "popup": true,
	"paywall": true, "regwall": true,
}

// overlays are parts of the names that pages give to what they lay over an article: long texts on
// privacy, which else pass for it.
var overlays = []string{"onetrust", "cookie", "consent", "gdpr", "ccpa"}

// furniturePairs are words that mean it together.
var furniturePairs = [][2]string{
	{"most", "read"}, {"read", "more"}, {"read", "next"}, {"author", "bio"}, {"related", "articles"}, {"related", "stories"},
	{"related", "links"}, {"related", "content"}, {"reg", "form"}, {"video", "card"}, {"video", "info"}, {"sign", "up"}, {"up", "next"},
}

// hiddenClasses are classes by which style sheets hide an element, or show it to screen readers only.
var hiddenClasses = []string{"hidden", "visually-hidden", "visuallyhidden", "sr-only", "screen-reader-text", "screen-reader-only", "d-none"}

// removeFurniture drops the elements whose names say that they are no part of the article. An element
// that has much of the page's text is kept: then the name means something else.
func removeFurniture(doc *html.Node) {
	all := paragraphLetters(doc)
	var visit func(*html.Node)
	visit = func(n *html.Node) {
		for c := n.FirstChild; c != nil; {
			next := c.NextSibling
			if c.Type == html.ElementNode && (isOverlay(c) || isFurniture(c) && 4*paragraphLetters(c) <= all) {
				n.RemoveChild(c)
			} else {
				visit(c)
			}
			c = next
		}
	}
	visit(doc)
}

// realBreaks makes <br> of empty elements that style sheets make line breaks of, for else the words
// around them would run together.
func realBreaks(n *html.Node) {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.Type == html.ElementNode && c.DataAtom == atom.Span && c.FirstChild == nil && slices.Contains(nameWords(attr(c, "class")), "br") {
			c.Data, c.DataAtom, c.Attr = "br", atom.Br, nil
			continue
		}
		realBreaks(c)
	}
}

// paragraphLetters counts the bytes of text in n's paragraphs.
func paragraphLetters(n *html.Node) int {
	count := 0
	var visit func(n *html.Node, inside bool)
	visit = func(n *html.Node, inside bool) {
		inside = inside || n.Type == html.ElementNode && n.DataAtom == atom.P
		if n.Type == html.TextNode && inside {
			count += len(strings.TrimSpace(n.Data))
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			visit(c, inside)
		}
	}
	visit(n, false)
	return count
}

func isOverlay(n *html.Node) bool {
	if n.DataAtom == atom.Html || n.DataAtom == atom.Body {
		return false
	}
	for _, a := range n.Attr {
		if a.Key != "id" && a.Key != "class" {
			continue
		}
		name := strings.ToLower(a.Val)
		for _, o := range overlays {
			if strings.Contains(name, o) {
				return true
			}
		}
	}
	return false
}

func isFurniture(n *html.Node) bool {
	switch n.DataAtom {
	case atom.Html, atom.Body, atom.Main, atom.Article, atom.Head, atom.P, atom.H1:
		return false
	}
	for _, a := range n.Attr {
		switch a.Key {
		case "class":
			for _, class := range strings.Fields(a.Val) {
				if slices.Contains(hiddenClasses, class) || furnitureName(class) {
					return true
				}
			}
		case "id":
			if furnitureName(a.Val) {
				return true
			}
		}
	}
	return false
}

// furnitureName looks at the words of one class or id.
func furnitureName(name string) bool {
	words := nameWords(name)
	for i, w := range words {
		if furniture[w] {
			return true
		}
		if i > 0 && slices.Contains(furniturePairs, [2]string{words[i-1], w}) {
			return true
		}
	}
	return false
}

// nameWords splits "c-inlineSignup__blurb" into "c", "inline", "signup", "blurb".
func nameWords(name string) []string {
	var out []string
	start, last := 0, rune(0)
	for i, r := range name {
		upper := unicode.IsUpper(r) && unicode.IsLower(last)
		if upper || !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			if i > start {
				out = append(out, strings.ToLower(name[start:i]))
			}
			start = i
			if !upper {
				start += len(string(r))
			}
		}
		last = r
	}
	if start < len(name) {
		out = append(out, strings.ToLower(name[start:]))
	}
	return out
}

// dayLine is a date that stands alone, or after its section: "Politics / January 11, 2024".
var dayLine = regexp.MustCompile(`^(?:[\pL ]{1,30} ?[/|•·] ?)?((?:January|February|March|April|May|June|July|August|September|October|November|December) \d{1,2}, \d{4}|\d{1,2} (?:January|February|March|April|May|June|July|August|September|October|November|December) \d{4})$`)

// openingDay takes the day of publication from a text that begins with it, and gives the text without
// it; zero where it doesn't. It is for pages whose metadata has none.
func openingDay(text string) (time.Time, string) {
	paragraphs := strings.Split(text, "\n\n")
	for i, p := range paragraphs[:min(len(paragraphs), 3)] {
		if m := dayLine.FindStringSubmatch(p); m != nil {
			return readTime(m[1]), strings.Join(slices.Delete(paragraphs, i, i+1), "\n\n")
		}
	}
	return time.Time{}, text
}

const (
	// opening and closing are how many paragraphs at a text's ends are looked at for what stands only
	// there: kickers and bylines, credits and biographies.
	opening, closing = 6, 5
	// shortLine is the most bytes of a line that is judged as a label.
	shortLine = 250
)

// story drops from an article's paragraphs what is no part of the story: invitations, pointers to
// other articles, captions with their credits, bylines, times, and the author's biography. names are
// the author's; titles the page's headlines. Where that would be much of the text, nothing is dropped.
func story(paragraphs []paragraph, names, titles []string, dated bool) []string {
	var kept, all []string
	size, left := 0, 0
	afterAbout := false
	sentence := false // a paragraph of some length has been seen
	seen := map[string]bool{}
	for i, p := range paragraphs {
		all = append(all, p.text)
		size += len(p.text)
		atEnd := i >= len(paragraphs)-closing
		key := ""
		if len(strings.Fields(p.text)) >= 8 {
			key, sentence = letters(p.text), true
		}
		switch {
		case p.linked && !p.heading && len(p.text) <= shortLine, isFurnitureText(p.text):
		case key != "" && seen[key]: // a pull quote, or a box that is there twice
		case i < opening && isTitle(p.text, titles), len(kept) < 3 && !sentence && isKicker(p.text):
		case isByline(p.text, names), dated && isTimeLine(p.text, names, i < opening):
		case atEnd && (afterAbout || isCredit(p.text) || isBiography(p.text, names)):
		default:
			kept = append(kept, p.text)
			left += len(p.text)
		}
		seen[key] = true
		afterAbout = atEnd && (afterAbout || sameWords(p.text, "about the author"))
	}
	if left*5 < size*2 {
		return all
	}
	return kept
}

// stock are whole paragraphs that pages put between those of an article.
var stock = stockLines(`advertisement
advertisement article continues below this ad
article content
article continues below
article continues below advertisement
story continues below
story continues below advertisement
content continues below
skip to content
skip to main content
join the conversation
be the first to comment on this article
recommended videos
latest videos from
author of the article
about the author
sign in or create an account
thanks for sharing
read next
read more
more about
more on this story
more to explore
related articles
related stories
related topics
most read
most popular
popular
trending
current issue
watch now
watch live
up next
share this article
share
comments
table of contents
follow along with the latest updates below
click here to get the fox news app
key event
or
by
view comments
load comments
play video
listen to this article`)

func stockLines(s string) map[string]bool {
	out := map[string]bool{}
	for line := range strings.SplitSeq(s, "\n") {
		out[letters(line)] = true
	}
	return out
}

var (
	// pointer leads to another article.
	pointer = regexp.MustCompile(`^(?i:also read|read also|also see|see also|read (?:more|next|this)(?: (?:on|about|here) [^:|.]{0,30})?|read|more|watch|listen|related|don['’]t miss|in pictures|you (?:may|might) also like)\s?[:|] ?\S`)
	// invitation asks the reader for something, or says what the site is.
	invitation = regexp.MustCompile(`^(?i:by signing up,? you|by (?:entering|submitting) your (?:e-?mail|details)|sign up (?:for|to|now|here)\b|subscribe (?:now )?(?:to|for)\b|create an (?:free )?account|register (?:now|for free)|already (?:a subscriber|have an account)|log in (?:to|or)|sign in (?:to|or)|access articles from across|share your thoughts and join|enjoy additional articles|get e-?mail updates|support (?:local|independent|our) journalism|unlimited (?:online|digital) access|daily puzzles\b|exclusive articles (?:by|from)\b|daily content from\b|we use cookies|this site (?:is protected by recaptcha|uses cookies)|follow [^.]{0,60}\bon (?:twitter|facebook|x|instagram|whatsapp|google news|bluesky|youtube)\b|click here (?:to|for)\b|for more stories like this|for the latest (?:breaking )?news|got a (?:news )?(?:story|tip)\b|do you have a (?:story|tip)|(?:are .{0,80}\? )?get in touch (?:with|at|by)|if you buy something|this article (?:contains|includes) affiliate|we may earn|get (?:the latest|your need-to-know|daily|a dash)\b[^.]{0,120}(?:news|columns|headlines|format|inbox)|stay (?:up to date|informed) with|i would like to (?:be emailed|receive)|our website is the place|our standards:|the thomson reuters trust principles|copyright ©|© ?\d{4}|copyright \d{4}|all rights reserved|published under:|filed under:|tags:|topics:|image credits?:|photo(?:graph)?s?(?: credit)?s?:|picture:|credit:|advertisement\b.{0,40}$|duration:? \d|this is a breaking (?:news|new)? ?story)`)
	// inbox is an invitation whose words may stand anywhere.
	inbox = regexp.MustCompile(`(?i:\b(?:sign(?:ing)? up|subscribe|subscribing|delivered|sent)\b.{0,80}\b(?:newsletters?|inbox|alerts|briefing)\b)`)
	ours  = regexp.MustCompile(`(?i:\b(?:our|your|you|free)\b|['’]s (?:weekly|daily|politics|sports)?)`)
	// captioned ends with a picture's credit.
	captioned = regexp.MustCompile(`(?:\((?:[^()]{0,80}/)?(?i:ap photo|ap|getty images|getty|afp|reuters|epa|bloomberg|shutterstock|image|photo|picture|pic|credit|screenshot|file)s?\b[^()]{0,80}\)|[—–|-] ?(?i:picture|photo|image)s? (?i:by|courtesy of|via) [^.]{2,60}|(?:\||[a-z])\s?(?:Getty Images|REUTERS|AFP|Shutterstock|PA Wire))$`)
	// placed is a dateline that stands alone.
	placed = regexp.MustCompile(`^[\p{Lu} ,./’'-]+ \([^()]*\)\W*$`)
	// credit names those who made the article, at its end.
	credit   = regexp.MustCompile(`^\W*(?i:(?:with )?(?:additional |extra )?(?:reporting|reports?|files|writing|editing|research) (?:by|from)\b|(?:compiled|edited|written|produced|translated) by\b|(?:this (?:article|story|piece) )?(?:was )?(?:first|originally) (?:published|appeared)\b|with (?:additional )?reporting\b)`)
	assisted = regexp.MustCompile(`(?i:\bcontributed (?:to (?:this|the) (?:report|story|article|piece)|reporting)\b)`)
	bylined  = regexp.MustCompile(`^(?:By|BY|Words by|Written by|Story by) (?:[\p{Lu}][\pL.’'-]*)(?: (?:and |for |For |& )?[\p{Lu}][\pL.’'-]*){0,7},?(?: .{0,60}\d{4}.{0,20})?$`)
	office   = regexp.MustCompile(`(?i:\b(?:is|was|are|covers|writes|reports|has (?:covered|written|worked|reported)|makes (?:frequent|regular) appearances)\b)`)
	clock    = regexp.MustCompile(`\d{1,2}[:.]\d\d`)
	entry    = regexp.MustCompile(`^(?:(?:\d+|an?) (?:min|minute|hour|hr|day)s? ago)?\s?\d{1,2}[:.]\d\d\s?(?:KEY EVENT|[\p{Lu}][\pL’'-]+(?: [\p{Lu}][\pL’'-]+){0,3})?$`)
)

func isFurnitureText(s string) bool {
	if len(s) > 2*shortLine {
		return false
	}
	if stock[letters(s)] || invitation.MatchString(s) || captioned.MatchString(s) && !placed.MatchString(s) {
		return true
	}
	quoted := strings.ContainsAny(s, "“”\"")
	return !quoted && (pointer.MatchString(s) || inbox.MatchString(s) && ours.MatchString(s))
}

// isTitle reports whether a paragraph is but one of the page's headlines.
func isTitle(s string, titles []string) bool {
	for _, t := range titles {
		if t != "" && sameWords(s, t) {
			return true
		}
	}
	return false
}

// isKicker reports whether a paragraph before the first sentence is a label: a section's name, a
// byline without "By". A dateline that stands alone is none: it says where and when.
func isKicker(s string) bool {
	if len(strings.Fields(s)) > 4 || len(s) > 40 || strings.ContainsAny(s, "()0123456789“”\"—–") {
		return false
	}
	last := s[len(s)-1]
	return last != '.' && last != '!' && last != '?' && last != ':' && last != ',' && last != '-' && strings.ToUpper(s) != s
}

// isByline reports whether a paragraph names but the author.
func isByline(s string, names []string) bool {
	if len(s) > shortLine {
		return false
	}
	for _, n := range names {
		if sameWords(s, n) || sameWords(s, "by "+n) {
			return true
		}
		rest, ok := strings.CutPrefix(letters(s), letters("by "+n))
		if ok && len(rest) < 60 {
			return true
		}
	}
	return len(s) < 120 && bylined.MatchString(s)
}

// timeWords are those that a line which says when an article was published is made of.
var timeWords = func() map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(`published updated posted modified last first on at ago min mins minute minutes hour hours day days week read
		am pm a m p gmt utc bst est edt cst cdt mst mdt pst pdt et ct mt pt cet cest jst sast myt sgt hkt ist aest aedt nzst z t st nd rd th and original`) {
		out[w] = true
	}
	for m := time.January; m <= time.December; m++ {
		out[strings.ToLower(m.String())], out[strings.ToLower(m.String()[:3])] = true, true
	}
	out["sept"] = true
	for d := time.Sunday; d <= time.Saturday; d++ {
		out[strings.ToLower(d.String())], out[strings.ToLower(d.String()[:3])] = true, true
	}
	return out
}()

// isTimeLine reports whether a paragraph says but when the article was published or changed, maybe
// with its author. In the midst of a text a bare date may be a heading, a time of day or an age is none.
func isTimeLine(s string, names []string, atStart bool) bool {
	if len(s) > 120 || !strings.ContainsAny(s, "0123456789") {
		return false
	}
	if entry.MatchString(s) {
		return true
	}
	words := func(s string) []string {
		return strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) })
	}
	lower := strings.ToLower(s)
	for _, n := range names {
		lower = strings.ReplaceAll(lower, strings.ToLower(n), " ")
	}
	if lower = strings.TrimPrefix(strings.TrimSpace(lower), "by "); lower == "" {
		return false
	}
	known, other := 0, 0
	meta := clock.MatchString(s)
	for _, w := range words(lower) {
		if timeWords[w] {
			known++
		}
		switch {
		case !timeWords[w]:
			other++
		case w == "ago" || w == "published" || w == "updated" || w == "posted" || w == "read":
			meta = true
		}
	}
	return (known > 0 || meta) && (atStart || meta) && (other == 0 || atStart && meta && other <= 2)
}

// isCredit reports whether a last paragraph names who worked on the article.
func isCredit(s string) bool {
	return len(s) < 2*shortLine && (credit.MatchString(s) || assisted.MatchString(s))
}

// isBiography reports whether a last paragraph says who the author is.
func isBiography(s string, names []string) bool {
	for _, n := range names {
		if rest, ok := strings.CutPrefix(s, n); ok && len(strings.Fields(n)) > 1 && office.MatchString(rest[:min(len(rest), 80)]) {
			return true
		}
	}
	return false
}
