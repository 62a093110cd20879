package text

import (
	"math"
	"unicode"
	"unicode/utf8"
)

// Quoted is a stretch of text between quotation marks.
type Quoted struct {
	// Span is what stands between the marks, trimmed of blanks. It is never empty.
	Span
	// Open and Close are the marks' own spans; Close is empty where the stretch is left unclosed
	// (the paragraph's end closes it, as where the next paragraph opens with a mark again).
	Open, Close Span
	// FirstToken and EndToken are the half-open range of tokens between the marks.
	FirstToken, EndToken int
	// Continues reports whether the stretch before this one was left unclosed and goes on here.
	Continues bool
	// Single reports whether the marks are single ones.
	Single bool
}

// mark is a token that may be a quotation mark.
type mark struct {
	token int
	kind  int     // of the mark, below kinds
	open  float64 // cost of reading it as an opening mark
	close float64 // cost of reading it as a closing mark
	skip  float64 // cost of reading it as no quotation mark at all
}

// Costs of the pairing, set by hand: what print practice makes impossible costs more than two slips.
const (
	costWrongShape  = 2.5 // a curly mark facing the wrong way
	costWrongSpaces = 1.5 // a straight mark with the space on the wrong side
	costSkip        = 4   // a mark that is none
	costInch        = 0.4 // a straight mark after a digit: inches, seconds
	costReopen      = 3.5 // an opening mark inside an open stretch
	costUnclosed    = 2.2 // a stretch that its paragraph's end closes
	costCarry       = 1.2 // a stretch that runs on into a paragraph without a mark
	costNest        = 2.8 // double marks inside double marks
	costNestOther   = 1.2 // the same, of another kind
	costNestOpen    = 1   // a stretch with marks inside that the next paragraph's mark closes
)

// Quoted pairs the document's quotation marks: straight, curly and guillemets, “ and ” of any
// mixture, “ left open at a paragraph's end. Single marks count where they stand outside double
// ones. The result is in text order and does not overlap.
//
// Double marks are read by the cheapest sequence of opening and closing marks (a Viterbi search), so that one
// wrong, missing or stray mark spoils its own stretch only. Double marks inside double ones, as where a page
// puts marks around a paragraph that has some, belong to the stretch around them.
func (d *Doc) Quoted() []Quoted {
	double := d.pairDouble()
	return d.addSingle(double)
}

// doubleMark gives the costs of reading token i as an opening and as a closing double mark.
func (d *Doc) doubleMark(i int) (mark, bool) {
	t := d.Tokens[i].Text
	m := mark{token: i, skip: costSkip}
	switch t {
	case "“", "”", "„", "‟":
		m.kind = curly
	case "«", "»":
		m.kind = angled
	case "``", "''":
		m.kind = tex
	}
	switch t {
	case "“", "„", "«", "‟", "``":
		m.close = costWrongShape
	case "”", "»":
		m.open = costWrongShape
	case "\"", "''", "＂":
		before, after := d.around(i)
		left := unicode.IsSpace(before) || opensBefore(before)
		right := unicode.IsSpace(after) || closesAfter(after)
		switch {
		case left && !right:
			m.close = costWrongSpaces
		case right && !left:
			m.open = costWrongSpaces
		case unicode.IsLetter(after) && !left:
			m.open = 0.3 // “end,"said”: a lost space
		}
		if t == "''" {
			m.open += 1
		}
		if unicode.IsDigit(before) {
			m.skip = costSkip - costInch
			if right {
				m.skip = costInch * 3
				m.open += costWrongSpaces
			}
		}
	default:
		return m, false
	}
	return m, true
}

// around is the runes beside token i; a space at the text's ends.
func (d *Doc) around(i int) (before, after rune) {
	before, after = ' ', ' '
	if s := d.Text[:d.Tokens[i].Start]; s != "" {
		before, _ = utf8.DecodeLastRuneInString(s)
	}
	if s := d.Text[d.Tokens[i].End:]; s != "" {
		after, _ = utf8.DecodeRuneInString(s)
	}
	return before, after
}

func opensBefore(r rune) bool {
	switch r {
	case '(', '[', '{', '—', '–', '-', '/', '‘', '\'', '“', '"':
		return true
	}
	return false
}

func closesAfter(r rune) bool {
	switch r {
	case ')', ']', '}', '—', '–', '-', '/', '’', '\'', '”', '"', '.', ',', ';', ':', '!', '?', '…':
		return true
	}
	return false
}

// The kinds of double marks.
const (
	straight = iota
	curly
	tex
	angled
	kinds
)

// The states of the pairing: outside, and for each kind of mark that has opened a stretch, inside it, in
// marks inside it, and inside it after such marks.
const (
	outside = 0
	inside  = 1
	nested  = inside + kinds
	after   = nested + kinds
	states  = after + kinds
)

// pairDouble is the cheapest reading of the double marks.
func (d *Doc) pairDouble() []Quoted {
	var marks []mark
	for i := range d.Tokens {
		if c := d.Tokens[i].Text[0]; c == '"' || c == '`' || c == '\'' || c >= utf8.RuneSelf {
			if m, ok := d.doubleMark(i); ok {
				marks = append(marks, m)
			}
		}
	}
	if len(marks) == 0 {
		return nil
	}
	type step struct {
		act  byte // 'o' open, 'c' close, 'r' close before and open, 'n' open or close inside, 'x' no mark
		from int  // state before the mark
		end  int  // the state that a paragraph's end closed before the mark; outside where none did
	}
	back := make([][states]step, len(marks))
	var cost [states]float64
	for s := range cost {
		cost[s] = math.Inf(1)
	}
	cost[outside] = 0
	para := d.paragraphOf(marks[0].token)
	for k, m := range marks {
		// Crossing paragraphs: an open stretch is carried, or closed where its paragraph ends.
		p := d.paragraphOf(m.token)
		first := d.firstOfParagraph(m.token)
		ended := outside
		if n := p - para; n > 0 {
			carry, drop, dropAfter := costCarry*float64(n), costUnclosed, costUnclosed
			if first && n == 1 {
				carry, drop, dropAfter = 0, 0.2, costNestOpen
			}
			out := cost[outside]
			for kind := range kinds {
				if c := cost[inside+kind] + drop; c < out {
					out, ended = c, inside+kind
				}
				if c := cost[after+kind] + dropAfter; c < out {
					out, ended = c, after+kind
				}
				cost[inside+kind] += carry
				cost[nested+kind] = math.Inf(1)
				cost[after+kind] += costCarry * float64(n)
			}
			cost[outside] = out
		}
		para = p
		reopen := costReopen
		if first {
			reopen = 0
		}
		var next [states]float64
		for s := range next {
			next[s] = math.Inf(1)
		}
		try := func(state int, c float64, s step) {
			if c < next[state] {
				next[state], back[k][state] = c, s
			}
		}
		try(inside+m.kind, cost[outside]+m.open, step{'o', outside, ended})
		try(outside, cost[outside]+m.skip, step{'x', outside, ended})
		for kind := range kinds {
			in, deep, out := inside+kind, nested+kind, after+kind
			try(outside, cost[in]+m.close, step{'c', in, outside})
			try(inside+m.kind, cost[in]+m.open+reopen, step{'r', in, outside})
			try(in, cost[in]+m.skip, step{'x', in, outside})
			if !first {
				nest := costNest
				if m.kind != kind {
					nest = costNestOther
				}
				try(deep, cost[in]+m.open+nest, step{'n', in, outside})
				try(deep, cost[out]+m.open+nest/2, step{'n', out, outside})
				try(outside, cost[out]+m.close, step{'c', out, outside})
			}
			try(out, cost[deep]+m.close, step{'n', deep, outside})
			try(out, cost[out]+m.skip, step{'x', out, outside})
		}
		cost = next
	}
	state := outside
	least := cost[outside]
	for kind := range kinds {
		for _, s := range [...]int{inside + kind, after + kind} {
			if c := cost[s] + costUnclosed; c < least {
				state, least = s, c
			}
		}
	}
	// Read the acts backwards, then build the stretches forwards.
	acts := make([]step, len(marks))
	for k := len(marks) - 1; k >= 0; k-- {
		acts[k] = back[k][state]
		state = acts[k].from
		if acts[k].end != outside {
			state = acts[k].end
		}
	}
	var out []Quoted
	open := -1
	continues := false
	for k, m := range marks {
		s := acts[k]
		if s.end != outside && open >= 0 {
			out = d.appendUnclosed(out, open, m.token, continues)
			open, continues = -1, d.firstOfParagraph(m.token) && d.paragraphOf(m.token) == d.lastParagraph(out)+1
		}
		switch s.act {
		case 'o':
			open = m.token
		case 'r':
			out = d.appendUnclosed(out, open, m.token, continues)
			open, continues = m.token, d.firstOfParagraph(m.token)
			continue
		case 'c':
			out = d.appendQuoted(out, Quoted{Open: d.Tokens[open].Span, Close: d.Tokens[m.token].Span, FirstToken: open + 1, EndToken: m.token, Continues: continues})
			open = -1
		}
		if s.act != 'x' && s.act != 'n' && open < 0 {
			continues = false
		}
	}
	if open >= 0 {
		out = d.appendUnclosed(out, open, len(d.Tokens), continues)
	}
	return out
}

func (d *Doc) lastParagraph(q []Quoted) int {
	if len(q) == 0 {
		return -2
	}
	return d.paragraphOf(q[len(q)-1].FirstToken)
}

func (d *Doc) paragraphOf(token int) int { return d.Sentences[d.Tokens[token].Sentence].Paragraph }

func (d *Doc) firstOfParagraph(token int) bool {
	return token == 0 || d.paragraphOf(token) != d.paragraphOf(token-1)
}

// appendUnclosed appends the stretch that the mark at token open opens and nothing closes: it ends
// with its paragraph, or at token next, the mark that follows.
func (d *Doc) appendUnclosed(out []Quoted, open, next int, continues bool) []Quoted {
	p := d.Paragraphs[d.paragraphOf(open)]
	end := min(d.Sentences[p.EndSentence-1].EndToken, next)
	stop := d.Tokens[end-1].End
	return d.appendQuoted(out, Quoted{Open: d.Tokens[open].Span, Close: Span{stop, stop}, FirstToken: open + 1, EndToken: end, Continues: continues})
}

// appendQuoted appends a stretch unless it is empty.
func (d *Doc) appendQuoted(out []Quoted, q Quoted) []Quoted {
	if q.FirstToken >= q.EndToken {
		return out
	}
	q.Span = Span{d.Tokens[q.FirstToken].Start, d.Tokens[q.EndToken-1].End}
	return append(out, q)
}

// addSingle adds the stretches between single marks that no double ones hold; a single-quoted
// stretch takes the place of double-quoted ones inside it.
func (d *Doc) addSingle(double []Quoted) []Quoted {
	var out []Quoted
	next := 0       // the first of double that is not yet behind
	continues := -1 // the paragraph that goes on with a stretch
	for i := 0; i < len(d.Tokens); i++ {
		for next < len(double) && double[next].EndToken <= i {
			out = append(out, double[next])
			next++
		}
		if next < len(double) && double[next].FirstToken-1 <= i {
			i = double[next].EndToken - 1
			continue
		}
		if !d.opensSingle(i) {
			continue
		}
		end := d.closeOfSingle(i)
		p := d.paragraphOf(i)
		first := d.firstOfParagraph(i)
		if end < 0 && first && (p == continues || d.singleGoesOn(p)) && (next == len(double) || d.paragraphOf(double[next].FirstToken-1) > p) {
			out = d.appendUnclosed(out, i, len(d.Tokens), p == continues)
			out[len(out)-1].Single = true
			continues = p + 1
			i = d.Sentences[d.Paragraphs[p].EndSentence-1].EndToken - 1
			continue
		}
		if end < 0 || end == i+1 {
			continue
		}
		k := next
		for k < len(double) && double[k].EndToken <= end {
			k++
		}
		if k < len(double) && double[k].FirstToken-1 <= end {
			continue // the marks cross
		}
		next = k
		q := Quoted{Open: d.Tokens[i].Span, Close: d.Tokens[end].Span, FirstToken: i + 1, EndToken: end, Single: true, Continues: first && p == continues}
		q.Span = Span{d.Tokens[i+1].Start, d.Tokens[end-1].End}
		out = append(out, q)
		i = end
	}
	return append(out, double[next:]...)
}

// singleGoesOn reports whether the paragraphs after p open with single marks again, of which the last is
// closed.
func (d *Doc) singleGoesOn(p int) bool {
	const longest = 12 // paragraphs
	for n := p + 1; n < len(d.Paragraphs) && n <= p+longest; n++ {
		i := d.Sentences[d.Paragraphs[n].FirstSentence].FirstToken
		if !d.opensSingle(i) {
			return false
		}
		if d.closeOfSingle(i) > i+1 {
			return true
		}
	}
	return false
}

// opensSingle reports whether token i may open a single-quoted stretch.
func (d *Doc) opensSingle(i int) bool {
	switch d.Tokens[i].Text {
	case "‘", "'", "`", "’", "‚", "‹":
	default:
		return false
	}
	if i+1 >= len(d.Tokens) || d.paragraphOf(i+1) != d.paragraphOf(i) {
		return false
	}
	before, after := d.around(i)
	if !unicode.IsSpace(before) && !opensBefore(before) {
		return false
	}
	if unicode.IsSpace(after) {
		return d.Tokens[i].Text == "`"
	}
	return unicode.IsLetter(after) || unicode.IsDigit(after) || after == '[' || after == '…' || after == '.' || after == '$' || after == '£'
}

// longestSingle bounds, in tokens, how far a single-quoted stretch reaches, which keeps the search
// linear.
const longestSingle = 250

// closeOfSingle is the token that closes the single-quoted stretch that token open opens, -1 where
// none does. An apostrophe after s is a possessive's unless no other mark closes the stretch.
func (d *Doc) closeOfSingle(open int) int {
	possessive := -1
	para := d.paragraphOf(open)
	for i := open + 1; i < len(d.Tokens) && i < open+longestSingle && d.paragraphOf(i) == para; i++ {
		t := d.Tokens[i].Text
		if i > open+1 && d.opensSingle(i) {
			break
		}
		if t != "’" && t != "'" && t != "›" && t != "‘" {
			continue
		}
		before, after := d.around(i)
		if !unicode.IsSpace(after) && !closesAfter(after) {
			continue
		}
		if unicode.IsSpace(before) && t != "'" {
			continue
		}
		if before == 's' && unicode.IsSpace(after) {
			if possessive < 0 {
				possessive = i
			}
			continue
		}
		return i
	}
	return possessive
}
