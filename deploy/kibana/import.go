package kibana

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/datelinenews/dateline/pipeline/elastic"
)

// Config says how to reach Kibana.
type Config struct {
	// Address is Kibana's URL, with its base path where it has one.
	Address string
	// Space is the space to import into. Default: the default one.
	Space string
	// Username and Password are for basic authentication.
	Username, Password string
	// APIKey is the base64 form ("encoded") of an API key. It goes before a username.
	APIKey string
	// CAFile is a PEM file of the certificates that are trusted instead of the system's.
	CAFile string
	// Insecure leaves certificates unchecked.
	Insecure bool
	// Keep leaves objects as they are that are there already.
	Keep bool
	// Timeout is for one request. Default: 1 min.
	Timeout time.Duration
}

// Change is what an import did about one object.
type Change struct {
	Type, ID string
	// Done is "created", "replaced" or "kept".
	Done string
	// As is the ID that Kibana gave it instead, where another space has ours; else empty.
	As string
}

// What an import does.
const (
	created  = "created"
	replaced = "replaced"
	kept     = "kept"
)

// StatusError is an answer that is no success.
type StatusError struct {
	// Status is HTTP's.
	Status int
	// Message is Kibana's; empty where the answer is not its own.
	Message string
}

func (e *StatusError) Error() string {
	s := fmt.Sprintf("kibana answers %d", e.Status)
	if e.Message != "" {
		s += ": " + e.Message
	}
	switch {
	case e.Status == http.StatusUnauthorized:
		s += ": check the username and password or the API key"
	case e.Status == http.StatusForbidden:
		s += ": the user or API key needs the privilege Saved Objects Management: All in this space"
	case e.Status == http.StatusNotFound, e.Status >= 300 && e.Status < 400:
		s += ": check the address, and its base path where Kibana has one"
	}
	return s
}

// Client brings objects into a Kibana, by its saved objects API.
type Client struct {
	cfg  Config
	base *url.URL
	http *http.Client
}

var spaceID = regexp.MustCompile(`^[a-z0-9_-]+$`)

// NewClient checks the configuration. It sends nothing.
func NewClient(cfg Config) (*Client, error) {
	u, err := url.Parse(strings.TrimRight(strings.TrimSpace(cfg.Address), "/"))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("address of kibana: want http://host:5601 or https://host:5601, and user and password apart from it")
	}
	if cfg.Space != "" && !spaceID.MatchString(cfg.Space) {
		return nil, fmt.Errorf("space %q of kibana: want the identifier in its address, of a-z, 0-9, _ and -", cfg.Space)
	}
	if cfg.Timeout <= 0 {
		cfg.Timeout = time.Minute
	}
	t, err := elastic.Transport(cfg.CAFile, cfg.Insecure)
	if err != nil {
		return nil, err
	}
	return &Client{cfg: cfg, base: u, http: &http.Client{
		Transport: t, Timeout: cfg.Timeout,
		// A redirect leads to a page for people to log in at.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// Close lets connections go.
func (c *Client) Close() error {
	c.http.CloseIdleConnections()
	return nil
}

// Import brings the objects in and says what became of each. It may be done any number of times.
// Where some of them can't be imported the others are, and the error names those and why.
func (c *Client) Import(ctx context.Context, objects []Object) ([]Change, error) {
	if err := c.check(ctx); err != nil {
		return nil, fmt.Errorf("set up kibana: %w", err)
	}
	body, err := encode(objects)
	if err != nil {
		return nil, fmt.Errorf("set up kibana: %w", err)
	}
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	part, err := w.CreateFormFile("file", "dateline.ndjson")
	if err == nil {
		_, err = part.Write(body)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("set up kibana: %w", err)
	}
	var answer importAnswer
	query := "?overwrite=" + strconv.FormatBool(!c.cfg.Keep)
	if err := c.call(ctx, http.MethodPost, c.space()+"/api/saved_objects/_import"+query, w.FormDataContentType(), &form, &answer); err != nil {
		return nil, fmt.Errorf("set up kibana: %w", err)
	}
	return c.changes(objects, &answer)
}

// importAnswer is Kibana's answer to an import.
type importAnswer struct {
	Success        bool `json:"success"`
	SuccessCount   int  `json:"successCount"`
	SuccessResults []struct {
		Type          string `json:"type"`
		ID            string `json:"id"`
		DestinationID string `json:"destinationId"`
		Overwrite     bool   `json:"overwrite"`
	} `json:"successResults"`
	Errors []importError `json:"errors"`
}

type importError struct {
	Type  string `json:"type"`
	ID    string `json:"id"`
	Error struct {
		Type         string                       `json:"type"`
		Message      string                       `json:"message"`
		StatusCode   int                          `json:"statusCode"`
		References   []struct{ Type, ID string }  `json:"references"`
		Destinations []struct{ ID, Title string } `json:"destinations"`
	} `json:"error"`
}

// String says what is wrong and what helps.
func (e *importError) String() string {
	s := e.Type + " " + e.ID + ": "
	switch e.Error.Type {
	case "missing_references":
		var list []string
		for _, r := range e.Error.References {
			list = append(list, r.Type+" "+r.ID)
		}
		return s + "it refers to what is not there: " + strings.Join(list, ", ")
	case "ambiguous_conflict":
		var list []string
		for _, d := range e.Error.Destinations {
			list = append(list, d.ID)
		}
		return s + "it may be any of " + strings.Join(list, ", ") + ": delete all but one of them"
	case "unsupported_type":
		return s + "this Kibana has no objects of that type"
	}
	if e.Error.Message != "" {
		return s + e.Error.Message
	}
	return s + e.Error.Type
}

func (c *Client) changes(objects []Object, answer *importAnswer) ([]Change, error) {
	done := map[string]Change{}
	for _, r := range answer.SuccessResults {
		change := Change{Type: r.Type, ID: r.ID, Done: created, As: r.DestinationID}
		if r.Overwrite {
			change.Done = replaced
		}
		done[r.Type+" "+r.ID] = change
	}
	var failed []string
	for i := range answer.Errors {
		e := &answer.Errors[i]
		if e.Error.Type == "conflict" && c.cfg.Keep {
			done[e.Type+" "+e.ID] = Change{Type: e.Type, ID: e.ID, Done: kept}
			continue
		}
		failed = append(failed, e.String())
	}
	var out []Change
	for i := range objects {
		o := &objects[i]
		change, ok := done[o.Type+" "+o.ID]
		if ok {
			out = append(out, change)
		}
	}
	switch {
	case len(failed) > 0:
		return out, fmt.Errorf("set up kibana: %d of %d objects can't be imported: %s", len(failed), len(objects), strings.Join(failed, "; "))
	case len(out) != len(objects):
		return out, fmt.Errorf("set up kibana: kibana says nothing of %d of %d objects", len(objects)-len(out), len(objects))
	}
	return out, nil
}

// check looks whether this is a Kibana that can take the objects, and has the space.
func (c *Client) check(ctx context.Context) error {
	var status struct {
		Version struct {
			Number string `json:"number"`
		} `json:"version"`
	}
	if err := c.call(ctx, http.MethodGet, "/api/status", "", nil, &status); err != nil {
		return err
	}
	// It tells its version only to those who are logged in; the import itself refuses the others.
	if v := status.Version.Number; v != "" && !atLeast(v, CoreVersion) {
		return fmt.Errorf("the server is Kibana %s: dateline's dashboards need %s or newer", v, CoreVersion)
	}
	if c.cfg.Space == "" {
		return nil
	}
	err := c.call(ctx, http.MethodGet, "/api/spaces/space/"+c.cfg.Space, "", nil, &struct{}{})
	var s *StatusError
	if errors.As(err, &s) && s.Status == http.StatusNotFound {
		return fmt.Errorf("there is no space %q in this Kibana, or it is not open to this user", c.cfg.Space)
	}
	return err
}

// atLeast compares two versions by major and minor.
func atLeast(version, least string) bool {
	number := func(v string) int {
		parts := strings.SplitN(v, ".", 3)
		if len(parts) < 2 {
			return 0
		}
		major, err1 := strconv.Atoi(parts[0])
		minor, err2 := strconv.Atoi(parts[1])
		if err1 != nil || err2 != nil {
			return 0
		}
		return major*1000 + minor
	}
	return number(version) >= number(least)
}

func (c *Client) space() string {
	if c.cfg.Space == "" || c.cfg.Space == "default" {
		return ""
	}
	return "/s/" + c.cfg.Space
}

// call sends one request and decodes the answer.
func (c *Client) call(ctx context.Context, method, path, contentType string, body io.Reader, out any) error {
	req, err := http.NewRequestWithContext(ctx, method, c.base.String()+path, body)
	if err != nil {
		return err
	}
	req.Header.Set("kbn-xsrf", "dateline") // Kibana refuses requests that change something without it
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	switch {
	case c.cfg.APIKey != "":
		req.Header.Set("Authorization", "ApiKey "+c.cfg.APIKey)
	case c.cfg.Username != "":
		req.SetBasicAuth(c.cfg.Username, c.cfg.Password)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return fmt.Errorf("reach kibana: %w", err)
	}
	defer res.Body.Close()
	const most = 16 << 20
	raw, err := io.ReadAll(io.LimitReader(res.Body, most))
	if err != nil {
		return fmt.Errorf("read kibana's answer: %w", err)
	}
	if res.StatusCode != http.StatusOK {
		e := &StatusError{Status: res.StatusCode}
		var answer struct {
			Message string `json:"message"`
		}
		if json.Unmarshal(raw, &answer) == nil {
			e.Message = answer.Message
		}
		return e
	}
	if err := json.Unmarshal(raw, out); err != nil {
		return fmt.Errorf("the answer is not Kibana's: check the address, and its base path where it has one: %w", err)
	}
	return nil
}
