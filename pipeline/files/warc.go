package files

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"

	"github.com/andybalholm/brotli"

	"github.com/datelinenews/dateline/pipeline/clean"
)

// warcReader gives the web pages of a saved crawl: a WARC file of version 0.17 to 1.1 (ISO 28500).
// Records that hold no page are passed over: requests, metadata, pictures, redirects.
//
// The records are taken apart here, and not by a library, because those that are kept
// (github.com/nlnwa/gowarc is the best of them) put each record into memory or a temporary file before
// one can tell what is in it, and read header lines without a bound: a crawl is gigabytes of other
// people's bytes, of which but the pages matter.
type warcReader struct {
	br     *bufio.Reader
	max    int
	record int // records read
}

const (
	// maxWARCHeader bounds a record's header lines together.
	maxWARCHeader = 64 << 10
	// maxEncodings is how often a page may be packed.
	maxEncodings = 3
	warcMagic    = "WARC/"
)

var errWARC = errors.New("not a WARC record")

// next is the next page as a raw article in JSON and its record's number; io.EOF at the end. An error
// that is a *recordError is of one record, and what follows can be read.
func (w *warcReader) next(ctx context.Context) (value []byte, record int, err error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, w.record, err
		}
		header, err := w.header()
		if err != nil {
			return nil, w.record, err
		}
		size, err := strconv.ParseInt(header.Get("Content-Length"), 10, 64)
		if err != nil || size < 0 {
			return nil, w.record, &recordError{fmt.Errorf("its Content-Length is %q", header.Get("Content-Length"))}
		}
		block := &io.LimitedReader{R: w.br, N: size}
		var page *warcPage
		var pageErr error
		switch strings.ToLower(header.Get("WARC-Type")) {
		case "response":
			if media(header.Get("Content-Type")) == "application/http" {
				page, pageErr = w.response(block)
			}
		case "resource":
			if isPage(header.Get("Content-Type"), nil) {
				page = &warcPage{contentType: header.Get("Content-Type")}
				page.body, pageErr = readAll(block, w.max)
			}
		}
		if _, err := io.Copy(io.Discard, block); err != nil {
			return nil, w.record, readError(err)
		}
		if block.N > 0 {
			return nil, w.record, fmt.Errorf("record %d ends %d bytes early: the file is cut short: fetch it again", w.record, block.N)
		}
		if page == nil && pageErr == nil {
			continue
		}
		raw := map[string]string{"url": strings.Trim(header.Get("WARC-Target-URI"), "<>")} // some writers put it in brackets
		if page != nil {
			text, err := clean.ToUTF8(page.body, page.contentType)
			if err != nil {
				text, pageErr = bytes.ToValidUTF8(page.body, []byte("\ufffd")), errors.Join(pageErr, err)
			}
			raw["html"] = string(text)
		}
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(raw); err != nil {
			return nil, w.record, &recordError{err}
		}
		value = bytes.TrimSuffix(b.Bytes(), []byte("\n"))
		if pageErr != nil {
			return value, w.record, &recordError{pageErr}
		}
		return value, w.record, nil
	}
}

// recordError is of one record.
type recordError struct{ error }

func (e *recordError) Unwrap() error { return e.error }

// header finds the next record, and reads its header. What stands between two records, or is left of
// one whose length was wrong, is skipped.
func (w *warcReader) header() (textproto.MIMEHeader, error) {
	skipped := false
	for {
		line, long, err := boundedLine(w.br, maxWARCHeader)
		if err != nil && (!errors.Is(err, io.EOF) || len(line) == 0) {
			if errors.Is(err, io.EOF) && (w.record == 0 || skipped) {
				return nil, fmt.Errorf("%w: the file does not go on as WARC files do, with %q", errWARC, warcMagic)
			}
			if errors.Is(err, io.EOF) {
				return nil, io.EOF
			}
			return nil, readError(err)
		}
		if bytes.HasPrefix(line, []byte(warcMagic)) && !long {
			break
		}
		if len(bytes.TrimSpace(line)) > 0 {
			skipped = true
		}
		if err != nil {
			continue // the end comes next
		}
	}
	w.record++
	fields := textproto.MIMEHeader{}
	size := 0
	for {
		line, long, err := boundedLine(w.br, maxWARCHeader)
		if size += len(line); long || size > maxWARCHeader {
			return nil, &recordError{fmt.Errorf("record %d: its header is longer than %d bytes", w.record, maxWARCHeader)}
		}
		text := strings.TrimRight(string(line), "\r\n")
		switch {
		case errors.Is(err, io.EOF):
			return nil, readError(io.ErrUnexpectedEOF)
		case err != nil:
			return nil, readError(err)
		case text == "":
			return fields, nil
		}
		if name, value, ok := strings.Cut(text, ":"); ok && text[0] != ' ' && text[0] != '\t' {
			fields.Add(textproto.TrimString(name), strings.TrimSpace(value))
		}
	}
}

// boundedLine reads a line with its newline, and of a longer one no more than the bound.
func boundedLine(br *bufio.Reader, most int) (line []byte, long bool, err error) {
	for {
		part, err := br.ReadSlice('\n')
		if room := most - len(line); len(part) > room {
			long, part = true, part[:room]
		}
		line = append(line, part...)
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, long, err
		}
	}
}

// warcPage is the body of an answer.
type warcPage struct {
	body        []byte
	contentType string
}

// response reads an answer as the server sent it; nil where it is no page.
func (w *warcReader) response(block io.Reader) (*warcPage, error) {
	// The header is read first, so that what is no page isn't kept.
	br := bufio.NewReader(io.LimitReader(block, int64(w.max)+maxWARCHeader))
	tp := textproto.NewReader(br)
	status, err := tp.ReadLine()
	if err != nil || !strings.HasPrefix(status, "HTTP/") {
		return nil, nil // a broken answer is no page
	}
	code := strings.Fields(status)
	if len(code) < 2 || code[1] != "200" {
		return nil, nil
	}
	h, err := tp.ReadMIMEHeader()
	if err != nil {
		return nil, nil
	}
	header := http.Header(h)
	peek, _ := br.Peek(512)
	packed := header.Get("Content-Encoding") != "" || header.Get("Transfer-Encoding") != ""
	if packed {
		peek = nil
	}
	if !isPage(header.Get("Content-Type"), peek) {
		return nil, nil
	}
	raw, err := readAll(br, w.max)
	page := &warcPage{body: raw, contentType: header.Get("Content-Type")}
	if err != nil {
		return page, err
	}
	page.body, err = unpacked(raw, header, w.max)
	return page, err
}

// unpacked undoes the transfer and content encodings of a body. Some crawlers undo them themselves and
// leave the header as it was, so a body is unpacked only where it is packed.
func unpacked(body []byte, header http.Header, limit int) ([]byte, error) {
	if strings.EqualFold(header.Get("Transfer-Encoding"), "chunked") {
		if b, err := dechunked(body); err == nil {
			body = b
		}
	}
	encodings := strings.Split(strings.ToLower(header.Get("Content-Encoding")), ",")
	if len(encodings) > maxEncodings {
		return body, fmt.Errorf("unpack page: it is packed %d times over, and at most %d are unpacked: save the page anew", len(encodings), maxEncodings)
	}
	for _, encoding := range encodings {
		var r io.Reader
		switch strings.TrimSpace(encoding) {
		case "gzip", "x-gzip":
			if !bytes.HasPrefix(body, []byte{0x1f, 0x8b}) {
				continue
			}
			gz, err := gzip.NewReader(bytes.NewReader(body))
			if err != nil {
				return body, fmt.Errorf("unpack page: %w", err)
			}
			r = gz
		case "br":
			if bytes.HasPrefix(bytes.TrimSpace(body), []byte("<")) {
				continue
			}
			r = brotli.NewReader(bytes.NewReader(body))
		default:
			continue
		}
		b, err := readAll(r, limit)
		if err != nil {
			return b, fmt.Errorf("unpack page: %w", err)
		}
		body = b
	}
	return body, nil
}

// dechunked undoes the chunked transfer encoding.
func dechunked(body []byte) ([]byte, error) {
	head := "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	resp, err := http.ReadResponse(bufio.NewReader(io.MultiReader(strings.NewReader(head), bytes.NewReader(body))), nil)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	return io.ReadAll(resp.Body) // it is shorter than body
}

// media is a Content-Type without its parameters.
func media(contentType string) string {
	m, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		m, _, _ = strings.Cut(contentType, ";")
	}
	return strings.ToLower(strings.TrimSpace(m))
}

// isPage reports whether a body is a web page, by its type, else by how it begins.
func isPage(contentType string, begin []byte) bool {
	switch media(contentType) {
	case "text/html", "application/xhtml+xml":
		return true
	case "":
		return media(http.DetectContentType(begin)) == "text/html"
	}
	return false
}
