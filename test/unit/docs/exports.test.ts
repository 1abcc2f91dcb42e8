// Nothing that is exported is undocumented: what an entry exports has a docstring, and so have its members. Read from the
// sources, without a type checker, which would take ten times as long.

import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import ts from "typescript";
import { expect, test } from "vitest";
import { entryPoints } from "../../../site/sections.mjs";
import { ROOT, read } from "./pages.js";

const parsed = new Map<string, ts.SourceFile>();
function sourceOf(path: string): ts.SourceFile {
  const known = parsed.get(path) ?? ts.createSourceFile(path, read(path), ts.ScriptTarget.Latest, true);
  parsed.set(path, known);
  return known;
}

/** The file that a module is imported from; `undefined` for a package. */
function fileOf(from: string, specifier: string): string | undefined {
  if (!specifier.startsWith(".")) return undefined;
  const path = join(dirname(from), specifier.replace(/\.js$/, ".ts"));
  return existsSync(`${ROOT}${path}`) ? path : undefined;
}

const specifierOf = (node: ts.ImportDeclaration | ts.ExportDeclaration): string =>
  node.moduleSpecifier && ts.isStringLiteral(node.moduleSpecifier) ? node.moduleSpecifier.text : "";

/** Declarations of a name in a file, wherever it comes from. */
function declarationsOf(path: string, name: string): { path: string; nodes: ts.Node[] } | undefined {
  const own: ts.Node[] = [];
  for (const statement of sourceOf(path).statements) {
    if (ts.isVariableStatement(statement)) {
      if (statement.declarationList.declarations.some((one) => one.name.getText() === name)) own.push(statement);
    } else if (
      (ts.isInterfaceDeclaration(statement) ||
        ts.isTypeAliasDeclaration(statement) ||
        ts.isClassDeclaration(statement) ||
        ts.isFunctionDeclaration(statement)) &&
      statement.name?.text === name
    ) {
      own.push(statement);
    }
  }
  if (own.length > 0) return { path, nodes: own };
  for (const statement of sourceOf(path).statements) {
    if (ts.isExportDeclaration(statement) && !statement.exportClause) {
      const file = fileOf(path, specifierOf(statement));
      const found = file && exportsOf(file).includes(name) ? declarationsOf(file, name) : undefined;
      if (found) return found;
    }
    const bindings = ts.isImportDeclaration(statement)
      ? statement.importClause?.namedBindings
      : ts.isExportDeclaration(statement)
        ? statement.exportClause
        : undefined;
    if (!bindings || !(ts.isNamedImports(bindings) || ts.isNamedExports(bindings))) continue;
    const found = bindings.elements.find((element) => element.name.text === name);
    const file = fileOf(path, specifierOf(statement as ts.ImportDeclaration));
    if (found && file) return declarationsOf(file, (found.propertyName ?? found.name).text);
  }
  return undefined;
}

/** What a file exports, by name, and the names of the files whose exports are its own. */
function exportsOf(path: string): string[] {
  return sourceOf(path).statements.flatMap((statement) => {
    if (ts.isExportDeclaration(statement)) {
      const { exportClause } = statement;
      if (exportClause && ts.isNamedExports(exportClause)) return exportClause.elements.map(({ name }) => name.text);
      const file = fileOf(path, specifierOf(statement));
      return file ? exportsOf(file) : [];
    }
    const isExported =
      ts.canHaveModifiers(statement) &&
      ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
    if (!isExported) return [];
    if (ts.isVariableStatement(statement))
      return statement.declarationList.declarations.map(({ name }) => name.getText());
    const { name } = statement as ts.DeclarationStatement;
    return name ? [name.getText()] : [];
  });
}

const isDocumented = (node: ts.Node): boolean => ts.getJSDocCommentsAndTags(node).length > 0;
const nameOf = (member: ts.NamedDeclaration): string => member.name?.getText() ?? "";

/** The members that others see and that have names, without what the platform names. */
function membersOf(node: ts.Node): ts.NamedDeclaration[] {
  const members: readonly ts.NamedDeclaration[] =
    ts.isInterfaceDeclaration(node) || ts.isClassDeclaration(node)
      ? node.members
      : ts.isTypeAliasDeclaration(node) && ts.isTypeLiteralNode(node.type)
        ? node.type.members
        : [];
  return members.filter(
    (member) =>
      member.name !== undefined &&
      !ts.isPrivateIdentifier(member.name) &&
      !ts.isComputedPropertyName(member.name) &&
      !(ts.getCombinedModifierFlags(member as ts.Declaration) & ts.ModifierFlags.Private),
  );
}

function undocumentedIn(entry: string, path: string): string[] {
  return exportsOf(path).flatMap((name) => {
    const found = declarationsOf(path, name);
    // What is another package's is documented there.
    if (!found) return [];
    const own = found.nodes.some(isDocumented) ? [] : [`${entry}: ${name}`];
    const members = found.nodes.flatMap(membersOf);
    const documented = new Set(members.filter(isDocumented).map(nameOf));
    const missing = new Set(members.map(nameOf).filter((member) => !documented.has(member)));
    return [...own, ...[...missing].map((member) => `${entry}: ${name}.${member}`)];
  });
}

test("nothing that is exported is undocumented, nor is a member of it", () => {
  const entries = Object.entries(entryPoints());
  expect(entries.length).toBeGreaterThan(10);
  expect(exportsOf("src/index.ts").length).toBeGreaterThan(40);
  expect(entries.flatMap(([entry, path]) => undocumentedIn(entry, path))).toEqual([]);
});
