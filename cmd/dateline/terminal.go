package main

import (
	"io"
	"os"

	"golang.org/x/term"
)

// terminal is the width of the terminal that w writes to, in characters; false where it is none.
func terminal(w io.Writer) (width int, ok bool) {
	f, isFile := w.(*os.File)
	if !isFile || !term.IsTerminal(int(f.Fd())) {
		return 0, false
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil || width <= 0 {
		width = 80
	}
	return width, true
}

// typing reports whether r waits for somebody at a terminal.
func typing(r io.Reader) bool {
	f, ok := r.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// colour reports whether w should get colours: a terminal that understands them, whose user has
// not said no (https://no-color.org).
func (p *process) colour(w io.Writer) bool {
	_, ok := terminal(w)
	return ok && p.sources.env["NO_COLOR"] == "" && p.sources.env["TERM"] != "dumb"
}
