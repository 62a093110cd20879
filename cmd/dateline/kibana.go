package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"

	"github.com/datelinenews/dateline/deploy/kibana"
)

// kibanaSettings are only for setup.
type kibanaSettings struct {
	Kibana          string `group:"kibana" placeholder:"URL" help:"Address, with its base path where it has one; http or https."`
	KibanaSpace     string `group:"kibana" placeholder:"NAME" help:"Space that the dashboards go into. Default: the default space."`
	KibanaUser      string `group:"kibana" help:"User to log in as. Default: the login of Elasticsearch."`
	KibanaPassword  string `group:"kibana" secret:"" placeholder:"PASSWORD" help:"The user's password; best given in the environment."`
	KibanaAPIKey    string `group:"kibana" name:"kibana-api-key" secret:"" placeholder:"KEY" help:"API key, instead of user and password: base64, as Elasticsearch gives it in \"encoded\"."`
	KibanaCA        string `group:"kibana" name:"kibana-ca" placeholder:"FILE" help:"PEM certificates to trust instead of the system's. Default: elasticsearch-ca."`
	KibanaInsecure  bool   `group:"kibana" help:"Accept any certificate. For trials only."`
	KibanaLinks     string `group:"kibana" default:"http://localhost:8080" placeholder:"URL" help:"Address of dateline serve as a reader's browser knows it; links in the dashboards lead there."`
	KibanaOverwrite bool   `group:"kibana" default:"true" negatable:"" help:"Replace dashboards that are there already; --no-kibana-overwrite keeps them."`
}

// prepareKibana imports the data views and dashboards and says what was done.
func (c *setupCmd) prepareKibana(ctx context.Context, p *process) error {
	objects, err := kibana.Objects(kibana.Options{Prefix: c.Prefix, Links: c.KibanaLinks})
	if err != nil {
		return usageError{err}
	}
	cfg := kibana.Config{
		Address: c.Kibana, Space: c.KibanaSpace, Username: c.KibanaUser, Password: c.KibanaPassword, APIKey: c.KibanaAPIKey,
		CAFile: cmp.Or(c.KibanaCA, c.ElasticsearchCA), Insecure: c.KibanaInsecure, Keep: !c.KibanaOverwrite,
	}
	if cfg.Username == "" && cfg.APIKey == "" {
		cfg.Username, cfg.Password, cfg.APIKey = c.ElasticsearchUser, c.ElasticsearchPassword, c.ElasticsearchAPIKey
	}
	client, err := kibana.NewClient(cfg)
	if err != nil {
		return usageError{err} // it has not connected yet
	}
	defer client.Close()
	var changes []kibana.Change
	err = c.patiently(ctx, p, "kibana", kibanaTemporary, func() (err error) {
		changes, err = client.Import(ctx, objects)
		return err
	})
	for _, change := range changes {
		kind := change.Type
		if kind == "index-pattern" {
			kind = "data view"
		}
		as := ""
		if change.As != "" {
			as = " as " + change.As + ", for another space has that ID"
		}
		_, _ = fmt.Fprintf(p.out, "kibana %s %s: %s%s\n", kind, change.ID, change.Done, as) // the work counts, not the word
	}
	return err
}

// kibanaTemporary reports whether Kibana may answer otherwise in a moment: while it starts it refuses
// connections, and then says that it is unavailable.
func kibanaTemporary(err error) bool {
	var (
		status      *kibana.StatusError
		certificate *tls.CertificateVerificationError
		network     net.Error
	)
	switch {
	case errors.As(err, &status):
		return status.Status == http.StatusTooManyRequests || status.Status >= http.StatusBadGateway
	case errors.As(err, &certificate), errors.Is(err, http.ErrSchemeMismatch), errors.Is(err, context.Canceled):
		return false
	}
	return errors.As(err, &network)
}
