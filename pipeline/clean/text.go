package clean

import (
	"strings"
	"unicode"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// skipped are the elements whose content is no text of the article.
var skipped = map[atom.Atom]bool{
	atom.Head: true, atom.Script: true, atom.Style: true, atom.Noscript: true, atom.Template: true,
	atom.Iframe: true, atom.Svg: true, atom.Audio: true, atom.Video: true, atom.Canvas: true,
	atom.Object: true, atom.Form: true, atom.Button: true, atom.Select: true, atom.Textarea: true,
	atom.Nav: true, atom.Footer: true, atom.Aside: true, atom.Figure: true, atom.Figcaption: true,
	atom.Math: true, atom.Dialog: true, atom.Picture: true,
}

// inline are the elements that don't end a paragraph.
var inline = map[atom.Atom]bool{
	atom.A: true, atom.Abbr: true, atom.Acronym: true, atom.B: true, atom.Bdi: true, atom.Bdo: true,
	atom.Big: true, atom.Cite: true, atom.Code: true, atom.Data: true, atom.Del: true, atom.Dfn: true,
	atom.Em: true, atom.Font: true, atom.I: true, atom.Ins: true, atom.Kbd: true, atom.Label: true,
	atom.Mark: true, atom.Q: true, atom.S: true, atom.Samp: true, atom.Small: true, atom.Span: true,
	atom.Strong: true, atom.Sub: true, atom.Sup: true, atom.Time: true, atom.Tt: true, atom.U: true,
	atom.Var: true, atom.Wbr: true,
}

// blockText is the text under n: a paragraph for each block, separated by blank lines, white space
// collapsed. A first paragraph that only repeats the title is left out.
func blockText(n *html.Node, title string) string {
	var w paragraphs
	w.walk(n)
	w.end()
	if len(w.done) > 0 && title != "" && sameWords(w.done[0].text, title) {
		w.done = w.done[1:]
	}
	return w.text()
}

// paragraph is one block of text.
type paragraph struct {
	text    string
	linked  bool // all of it is links
	heading bool
}

// paragraphs gathers words into paragraphs.
type paragraphs struct {
	done  []paragraph
	cur   strings.Builder
	space bool // white space came after cur's last word
	broke bool // the last thing was a <br>

	links, headings int  // how deep in them
	unlinked        bool // cur has letters out of links
	headed          bool // cur has text of a heading
}

// text is all paragraphs, separated by blank lines.
func (w *paragraphs) text() string {
	var b strings.Builder
	for i, p := range w.done {
		if i > 0 {
			b.WriteString("\n\n")
		}
		b.WriteString(p.text)
	}
	return b.String()
}

func (w *paragraphs) walk(n *html.Node) {
	switch n.Type {
	case html.TextNode:
		w.words(n.Data)
		return
	case html.ElementNode:
		if n.DataAtom == 0 { // one that readability has made
			n.DataAtom = atom.Lookup([]byte(n.Data))
		}
		if skipped[n.DataAtom] || hidden(n) {
			return
		}
		if n.DataAtom == atom.Br {
			if w.broke { // two breaks are how old pages end a paragraph
				w.end()
			}
			w.space, w.broke = true, true
			return
		}
	case html.CommentNode, html.DoctypeNode:
		return
	}
	// Elements that the parser doesn't know (custom ones) are inline, as in browsers.
	block := n.Type == html.ElementNode && !inline[n.DataAtom] && n.DataAtom != 0
	if block {
		w.end()
	}
	depth := w.depth(n)
	if depth != nil {
		*depth++
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		w.walk(c)
	}
	if block {
		w.end()
	}
	if depth != nil {
		*depth--
	}
}

// depth is the count of the elements of n's kind that are open, where they are counted.
func (w *paragraphs) depth(n *html.Node) *int {
	switch n.DataAtom {
	case atom.A:
		return &w.links
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		return &w.headings
	}
	return nil
}

func (w *paragraphs) words(s string) {
	for _, r := range s {
		// A non-breaking space is kept as a plain one: it is layout, and nobody searches for it.
		if unicode.IsSpace(r) {
			w.space = true
			continue
		}
		switch r {
		case 0, '\u00ad', '\u200b', '\ufeff': // soft hyphen, zero-width space, byte order mark
			continue
		}
		if w.space && w.cur.Len() > 0 {
			w.cur.WriteByte(' ')
		}
		w.space, w.broke = false, false
		w.unlinked = w.unlinked || w.links == 0 && (unicode.IsLetter(r) || unicode.IsDigit(r))
		w.headed = w.headed || w.headings > 0
		w.cur.WriteRune(r)
	}
}

func (w *paragraphs) end() {
	if w.cur.Len() > 0 {
		w.done = append(w.done, paragraph{w.cur.String(), !w.unlinked, w.headed})
		w.cur.Reset()
	}
	w.space, w.broke, w.unlinked, w.headed = false, false, false, false
}

// elementText is the text of all elements of the name, a paragraph each.
func elementText(n *html.Node, name string) string {
	var w paragraphs
	var visit func(*html.Node)
	visit = func(n *html.Node) {
		if n.Type == html.ElementNode {
			if skipped[n.DataAtom] && n.DataAtom != atom.Head || hidden(n) {
				return
			}
			if n.Data == name {
				w.walk(n)
				w.end()
				return
			}
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			visit(c)
		}
	}
	visit(n)
	return w.text()
}

// hidden reports whether an element says that it isn't shown.
func hidden(n *html.Node) bool {
	for _, a := range n.Attr {
		switch a.Key {
		case "hidden":
			return true
		case "aria-hidden":
			return strings.EqualFold(a.Val, "true")
		case "style":
			style := strings.ReplaceAll(strings.ToLower(a.Val), " ", "")
			if strings.Contains(style, "display:none") || strings.Contains(style, "visibility:hidden") {
				return true
			}
		}
	}
	return false
}

// find is the first element of the name, nil where there is none.
func find(n *html.Node, name string) *html.Node {
	if n.Type == html.ElementNode && n.Data == name {
		return n
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if f := find(c, name); f != nil {
			return f
		}
	}
	return nil
}

// countElements counts elements, and stops at limit.
func countElements(n *html.Node, limit int) int {
	count := 0
	if n.Type == html.ElementNode {
		count = 1
	}
	for c := n.FirstChild; c != nil && count < limit; c = c.NextSibling {
		count += countElements(c, limit-count)
	}
	return count
}

// sameWords reports whether two strings have the same letters and digits in the same order.
func sameWords(a, b string) bool {
	return letters(a) == letters(b)
}

func letters(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}
