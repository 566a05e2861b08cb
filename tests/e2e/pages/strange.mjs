// Texts of strangers that would like to be markup, formulas, or other texts.
export const strange = [
  '<script>alert(document.domain)</script>',
  '"><img src=x onerror=alert(1)>',
  "'-alert(1)-'",
  '</title><svg/onload=alert(1)>',
  '{{title}} {{{title}}} {{> head}}',
  '=HYPERLINK("https://evil.example/","click")',
  '+1+cmd|\' /C calc\'!A0',
  '@SUM(1+1)',
  '\u202Egnp.exe\u202C',
  '\u2066\u05D0\u05D1\u2069 \u0627\u0644\u0639\u0631\u0628\u064A\u0629',
  'line\u2028separator\u2029end',
  '\u001b[31mred\u001b[0m \u0007 \u0085',
  'javascript:alert(1)',
  'x'.repeat(4096),
  '&lt;b&gt; &amp; &quot;',
];
