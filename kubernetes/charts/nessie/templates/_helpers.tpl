{{- define "nessie.labels" -}}
app.kubernetes.io/name: nessie
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: catalog
app.kubernetes.io/part-of: lakehouse
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}
{{- define "nessie.selector" -}}
app.kubernetes.io/name: nessie
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}
