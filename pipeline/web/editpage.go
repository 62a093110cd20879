package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode"

	"github.com/datelinenews/dateline/extractor/ner"
	"github.com/datelinenews/dateline/pipeline/corrections"
	"github.com/datelinenews/dateline/pipeline/search"
)

// editView is the list of corrections.
type editView struct {
	List []correctionView
	Edit bool
	File string
	// Problem says why the last was not made.
	Problem string
}

func (editView) frame() frame { return frame{Path: "/corrections", Title: "Corrections"} }

type correctionView struct {
	corrections.Correction
	What, ToURL, ArticleURL string
}

// reload reads the corrections, which another process may have changed.
func (s *Server) reload(ctx context.Context) error {
	if s.Corrections == nil {
		return nil
	}
	list, err := s.Corrections.List(ctx)
	if err != nil {
		return err
	}
	s.corrected.set.Store(corrections.NewSet(list))
	s.reloaded.Store(s.Now().UnixNano())
	return nil
}

// reloadPace is how old the corrections that are applied may be where somebody else makes them.
const reloadPace = 10 * time.Second

// follow has a request see what others have corrected, some seconds later at most. Where it can't be read,
// what was read last stays in force.
func (s *Server) follow(next http.Handler) http.Handler {
	if s.Corrections == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		last, now := s.reloaded.Load(), s.Now().UnixNano()
		if now-last >= int64(reloadPace) && s.reloaded.CompareAndSwap(last, now) { // one request reads for all
			ctx, cancel := context.WithTimeout(r.Context(), s.Timeout)
			if err := s.reload(ctx); err != nil && r.Context().Err() == nil {
				s.Log.Error("corrections can't be read: those read last stay in force", "error", err)
			}
			cancel()
		}
		next.ServeHTTP(w, r)
	})
}

func (s *Server) correctionsPage(w http.ResponseWriter, r *http.Request) error {
	return s.listCorrections(w, r, http.StatusOK, "")
}

func (s *Server) listCorrections(w http.ResponseWriter, r *http.Request, status int, problem string) error {
	if s.Corrections == nil {
		return fmt.Errorf("%w: %s", errNoPage, r.URL.Path)
	}
	if err := s.reload(r.Context()); err != nil {
		return err
	}
	v := editView{Edit: s.Edit, File: fmt.Sprint(s.Corrections), Problem: problem}
	for _, c := range newestFirst(s.corrected.set.Load().List()) {
		view := correctionView{Correction: c}
		switch c.Kind {
		case corrections.NotAName:
			view.What = "is not a name"
		case corrections.WrongType:
			view.What = "is " + map[ner.Type]string{ner.Person: "a person", ner.Organisation: "an organisation", ner.Place: "a place"}[c.Type]
		case corrections.SameAs:
			view.What = "is the same as"
		case corrections.NotTheSpeaker:
			view.What = "did not say"
			view.ArticleURL = articleURL(c.Article)
		}
		if t := c.Target(); t != "" {
			view.ToURL = entityURL(t)
		}
		v.List = append(v.List, view)
	}
	s.render(w, r, status, "corrections", v)
	return nil
}

// correct makes or undoes a correction. Only this server's own pages can ask for it: see secured.
func (s *Server) correct(w http.ResponseWriter, r *http.Request) error {
	if s.Corrections == nil || !s.Edit {
		return fmt.Errorf("%w: %s", errNoPage, r.URL.Path)
	}
	if err := r.ParseForm(); err != nil {
		return fmt.Errorf("%w: the form can't be read", search.ErrQuery)
	}
	back := r.PostFormValue("back")
	if !strings.HasPrefix(back, "/") || strings.HasPrefix(back, "//") || strings.Contains(back, `\`) || strings.ContainsFunc(back, unicode.IsControl) {
		back = "/corrections"
	}
	if id := r.PostFormValue("undo"); id != "" {
		if err := s.Corrections.Undo(r.Context(), id); err != nil {
			return err
		}
	} else {
		c := corrections.Correction{
			Kind: corrections.Kind(r.PostFormValue("kind")), Time: s.Now().UTC().Truncate(time.Second),
			Key: r.PostFormValue("key"), Name: strings.TrimSpace(r.PostFormValue("name")), To: strings.TrimSpace(r.PostFormValue("to")),
			Article: r.PostFormValue("article"), Quote: r.PostFormValue("quote"),
		}
		if s.ProxyHeader != "" {
			c.By = r.Header.Get(s.ProxyHeader)
		}
		if t := r.PostFormValue("type"); t != "" {
			if err := c.Type.UnmarshalText([]byte(t)); err != nil {
				return s.listCorrections(w, r, http.StatusBadRequest, "There is no such type.")
			}
		}
		if _, err := s.Corrections.Add(r.Context(), c); errors.Is(err, corrections.ErrCorrection) {
			_, why, _ := strings.Cut(err.Error(), ": ")
			return s.listCorrections(w, r, http.StatusBadRequest, "It was not kept: "+why+".")
		} else if err != nil {
			return err
		}
	}
	if err := s.reload(r.Context()); err != nil {
		return err
	}
	http.Redirect(w, r, back, http.StatusSeeOther)
	return nil
}

// exportCorrections gives them as lines of JSON, or as a dictionary.
func (s *Server) exportCorrections(w http.ResponseWriter, r *http.Request) error {
	if s.Corrections == nil {
		return fmt.Errorf("%w: %s", errNoPage, r.URL.Path)
	}
	if err := s.reload(r.Context()); err != nil {
		return err
	}
	set := s.corrected.set.Load()
	if strings.HasSuffix(r.URL.Path, ".tsv") {
		attachment(w, "text/tab-separated-values; charset=utf-8", "dictionary.tsv")
		_, _ = w.Write([]byte(set.Dictionary())) // the client has gone, or it has not
		return nil
	}
	attachment(w, "application/x-ndjson", "corrections.jsonl")
	enc := json.NewEncoder(w)
	for _, c := range set.List() {
		if err := enc.Encode(c); err != nil {
			s.abort(r, err)
		}
	}
	return nil
}
