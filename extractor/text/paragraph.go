package text

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// paragraphs cuts src into trimmed, non-empty paragraphs; the title is one of its own.
func paragraphs(src string, titleEnd int) []Span {
	var out []Span
	if titleEnd > 0 {
		out = appendTrimmed(out, src, 0, titleEnd)
	}
	wrapped := hardWrapped(src[titleEnd:])
	start := titleEnd
	for i := titleEnd; i < len(src); {
		n := lineBreak(src[i:])
		if n == 0 {
			i++
			continue
		}
		// A run of breaks and spaces: two breaks or more are a blank line.
		j, breaks := i, 0
		for j < len(src) {
			if n := lineBreak(src[j:]); n > 0 {
				breaks++
				j += n
				continue
			}
			r, w := utf8.DecodeRuneInString(src[j:])
			if !unicode.IsSpace(r) {
				break
			}
			j += w
		}
		if breaks > 1 || !continues(src[j:], wrapped) {
			out = appendTrimmed(out, src, start, i)
			start = j
		}
		i = j
	}
	return appendTrimmed(out, src, start, len(src))
}

// lineBreak is the length of the line break that opens s, 0 where none does.
func lineBreak(s string) int {
	switch {
	case s[0] == '\n':
		return 1
	case s[0] == '\r':
		if len(s) > 1 && s[1] == '\n' {
			return 2
		}
		return 1
	case strings.HasPrefix(s, "\u2028"), strings.HasPrefix(s, "\u2029"):
		return 3
	}
	return 0
}

// continues reports whether the line that opens rest goes on with the paragraph before it.
func continues(rest string, wrapped bool) bool {
	r, _ := utf8.DecodeRuneInString(rest)
	return wrapped || unicode.IsLower(r)
}

// hardWrapped reports whether single line breaks in s only fold lines, as in e-mail and wire
// copy: lines are short, and most that have a successor in their block end in mid-sentence.
func hardWrapped(s string) bool {
	const widest = 100 // bytes; wire copy and e-mail fold at 60 to 80 columns
	inner, open := 0, 0
	prev := ""
	for line := range strings.Lines(s) {
		line = strings.TrimSpace(line)
		if len(line) > widest {
			return false
		}
		if prev != "" && line != "" {
			inner++
			if !strings.ContainsAny(prev[len(prev)-1:], ".!?:;\"'") && !strings.HasSuffix(prev, "”") {
				open++
			}
		}
		prev = line
	}
	return inner >= 3 && open*10 >= inner*6
}

func appendTrimmed(out []Span, src string, start, end int) []Span {
	t := strings.TrimLeftFunc(src[start:end], blank)
	start = end - len(t)
	t = strings.TrimRightFunc(t, blank)
	if t == "" {
		return out
	}
	return append(out, Span{start, start + len(t)})
}

// blank reports whether a rune leaves no ink: white space, and the marks that only steer layout.
func blank(r rune) bool {
	return unicode.IsSpace(r) || r == '\u200b' || r == '\ufeff' || r == '\u2060'
}
